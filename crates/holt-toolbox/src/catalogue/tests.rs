use serde_json::json;

use super::*;

fn call(name: &str, arguments: Value) -> Result<Call, BadCall> {
    let Value::Object(arguments) = arguments else { panic!("arguments are an object") };
    Call::read(name, arguments)
}

/// The least that each tool takes.
fn least(tool: &Tool) -> Map<String, Value> {
    let required = tool.input_schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    required.iter().map(|name| (name.as_str().unwrap().to_owned(), json!("1"))).collect()
}

#[test]
fn every_tool_of_the_list_can_be_called_with_what_its_schema_requires() {
    for tool in catalogue() {
        let arguments = least(tool);
        assert!(Call::read(tool.name, arguments.clone()).is_ok(), "{}", tool.name);
        for name in arguments.keys() {
            let mut fewer = arguments.clone();
            fewer.remove(name);
            assert!(Call::read(tool.name, fewer).is_err(), "{} without {name}", tool.name);
        }
    }
}

#[test]
fn schemas_are_plain() {
    for tool in catalogue() {
        let schema = &tool.input_schema;
        assert_eq!(schema["type"], "object", "{}", tool.name);
        assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
        for (name, property) in schema["properties"].as_object().unwrap() {
            assert!(property["type"].is_string(), "{} {name}: {property}", tool.name);
            assert!(property["description"].is_string(), "{} {name} is not described", tool.name);
            assert!(property.get("$ref").is_none() && property.get("format").is_none());
        }
    }
}

#[test]
fn the_contracts_tools_are_all_there() {
    let names: Vec<_> = catalogue().iter().map(|tool| tool.name).collect();
    for name in [
        "read_file",
        "write_file",
        "edit_file",
        "list_files",
        "find_files",
        "search_text",
        "create_directory",
        "delete_file",
        "execute_command",
        "execute_command_async",
        "open_vscode",
        "read_process_output",
        "list_processes",
        "kill_process",
        "publish_artifact",
        "gui_click",
        "gui_type",
        "gui_key",
        "gui_screenshot",
        "gui_get_window_info",
        "gui_find_window",
        "gui_activate_window",
        "move_window",
        "resize_window",
        "tile_window_left",
        "tile_window_right",
        "tile_window_top_left",
        "tile_window_top_right",
        "tile_window_bottom_left",
        "tile_window_bottom_right",
        "minimize_window",
        "center_window",
    ] {
        assert!(names.contains(&name), "{name}");
    }
    let mut once = names.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), names.len());
}

#[test]
fn the_tools_of_the_screen_are_known_as_such() {
    let names = ["computer", "open_vscode", "gui_", "browser_"];
    let of_the_screen = |tool: &&Tool| names.iter().any(|name| tool.name.starts_with(name)) || tool.name.contains("_window");
    for tool in catalogue() {
        assert_eq!(tool.screen, of_the_screen(&tool), "{}", tool.name);
    }
    let click = json!({ "x": "10", "y": 20.4, "clicks": 2 });
    let Call::Screen(screen::ScreenCall::Click(read)) = call("gui_click", click).unwrap() else { panic!("not a click") };
    assert_eq!((read.x.0, read.y.0, read.clicks), (10, 20, Some(2)));
    for id in [json!("0x1e00003"), json!(31_457_283), json!("31457283")] {
        let Call::Screen(screen::ScreenCall::Center(window)) = call("center_window", json!({ "windowId": id })).unwrap() else {
            panic!("not about a window")
        };
        assert_eq!(window.window_id.0, 31_457_283);
    }
    for wrong in [json!({ "x": "left", "y": 1 }), json!({ "x": 1e12, "y": 1 }), json!({ "x": 1 })] {
        assert!(call("gui_click", wrong).is_err());
    }
    for shape in [json!({ "action": "screenshot" }), json!({ "type": "click", "x": 1, "y": 2, "button": "left" })] {
        assert!(call("computer", shape).is_ok());
    }
}

#[test]
fn what_reads_only_neither_writes_nor_runs() {
    for tool in catalogue() {
        assert!(!(tool.reads_only && (tool.writes || tool.runs_commands)), "{}", tool.name);
        assert_eq!(tool.parallel, tool.reads_only, "{}", tool.name);
    }
    assert!(find("execute_command").unwrap().runs_commands);
    assert!(find("edit_file").unwrap().writes);
    assert!(find("search_text").unwrap().reads_only);
    assert!(find("gui_screenshot").unwrap().writes, "it leaves a file");
    assert!(find("nonsense").is_none());
}

#[test]
fn numbers_and_flags_come_in_many_forms() {
    let expected = Call::ExecuteCommand(ExecuteCommand { command: "ls".into(), cwd: None, timeout_seconds: Some(5) });
    for five in [json!(5), json!("5"), json!(5.0)] {
        assert_eq!(call("execute_command", json!({"command": "ls", "timeout_seconds": five})).unwrap(), expected);
    }
    for wrong in [json!(-1), json!("five"), json!(5.5), json!([5]), json!(1e300)] {
        assert!(call("execute_command", json!({"command": "ls", "timeout_seconds": wrong})).is_err());
    }
    for pid in [json!("77"), json!(77)] {
        assert_eq!(call("kill_process", json!({"pid": pid})).unwrap(), Call::KillProcess(KillProcess { pid: 77 }));
    }
    for wrong in [json!(0), json!(-4), json!("self"), json!(4_294_967_297_u64), json!(null)] {
        assert!(call("kill_process", json!({"pid": wrong})).is_err());
    }
    let edit = json!({"path": "a", "old_text": "b", "new_text": "c", "replace_all": "true"});
    assert!(matches!(call("edit_file", edit).unwrap(), Call::EditFile(EditFile { replace_all: Some(true), .. })));
}

#[test]
fn a_wrong_call_says_what_is_wrong() {
    let error = call("read_file", json!({"file": "a"})).unwrap_err().to_string();
    assert!(error.contains("read_file") && error.contains("`file`") && error.contains("`path`"), "{error}");
    assert_eq!(call("rm_rf", json!({})).unwrap_err().to_string(), "there is no tool named `rm_rf`");
}
