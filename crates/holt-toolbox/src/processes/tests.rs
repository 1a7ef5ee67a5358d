use proptest::prelude::*;

use super::*;

const TOOLBOX: i32 = 10;

fn process(pid: i32, parent: i32, group: i32, started: u64) -> Process {
    Process { pid, parent, group, state: 'S', name: "x".into(), busy_ticks: 0, started_ticks: started, resident_pages: 0 }
}

fn family(others: &HashSet<i32>) -> Family<'_> {
    Family { leader: 100, mark: ("MARK", "1"), guardian: TOOLBOX, others, started_ticks: 50 }
}

#[test]
fn reads_a_name_that_tries_to_confuse() {
    let line = "77 (a) R 1 (b c)) S 10 77 77 0 -1 4194304 1 2 3 4 30 12 0 0 20 0 1 0 5000 1000 250 18446744073709551615";
    let read = parse(line).unwrap();
    assert_eq!((read.pid, read.parent, read.group, read.state), (77, 10, 77, 'S'));
    assert_eq!((read.name.as_str(), read.busy_ticks, read.started_ticks, read.resident_pages), ("a) R 1 (b c)", 42, 5000, 250));
    for broken in ["", "77", "77 (x", "77 (x)", "77 x) (S 1", "77 (x) S 1 2"] {
        assert_eq!(parse(broken), None, "{broken}");
    }
}

#[test]
fn reads_this_process() {
    let me = Process::read(std::process::id() as i32).unwrap();
    assert!(me.is_alive());
    assert_eq!(me.user(), Some(rustix::process::geteuid().as_raw()));
    assert!(all().iter().any(|process| process.pid == me.pid));
    assert!(!me.command().is_empty());
    assert!(Process::read(i32::MAX).is_none());
}

#[test]
fn a_family_is_its_tree_its_group_and_its_mark() {
    let processes = [
        process(1, 0, 1, 0),
        process(TOOLBOX, 1, 10, 1),
        process(100, TOOLBOX, 100, 50),
        process(101, 100, 100, 51),
        process(102, 101, 102, 52),     // left with setsid, its parent lives
        process(103, TOOLBOX, 103, 53), // left, its parent is gone
        process(104, 1, 100, 54),       // still in the group
        process(105, TOOLBOX, 105, 55), // carries another mark
        process(106, 105, 105, 56),
        process(107, 103, 107, 57), // below one that left
        process(200, 1, 200, 60),   // a stranger
    ];
    let mark = |process: &Process| match process.pid {
        103 => Mark::Ours,
        105 => Mark::Another,
        _ => Mark::None,
    };
    let nobody = HashSet::new();
    assert_eq!(members(&processes, &family(&nobody), &mark), [100, 101, 102, 103, 104, 107]);
}

#[test]
fn what_shed_everything_counts_only_when_no_other_command_could_own_it() {
    let processes = [process(100, TOOLBOX, 100, 50), process(103, TOOLBOX, 103, 53), process(99, TOOLBOX, 99, 20)];
    let unmarked = |_: &Process| Mark::None;
    let nobody = HashSet::new();
    assert_eq!(members(&processes, &family(&nobody), &unmarked), [100, 103], "what is older than the command is not its own");
    let other = HashSet::from([300]);
    assert_eq!(members(&processes, &family(&other), &unmarked), [100]);
}

proptest! {
    #[test]
    fn never_names_init_the_toolbox_or_another_command(
        tree in prop::collection::vec((2i32..40, 0i32..40, 1i32..40, 0u64..100), 0..30),
        marks in prop::collection::vec(0u8..3, 40),
    ) {
        let processes: Vec<_> = tree.iter().map(|(pid, parent, group, start)| process(*pid, *parent, *group, *start)).collect();
        let others = HashSet::from([30]);
        let family = Family { leader: 20, mark: ("M", "1"), guardian: TOOLBOX, others: &others, started_ticks: 0 };
        let mark = |process: &Process| match (process.pid, marks[process.pid as usize]) {
            (30, _) | (_, 0) => Mark::Another,
            (_, 1) => Mark::Ours,
            _ => Mark::None,
        };
        let found = members(&processes, &family, &mark);
        prop_assert!(!found.contains(&1) && !found.contains(&TOOLBOX));
        for pid in descendants(&processes, TOOLBOX) {
            prop_assert!(pid != TOOLBOX || processes.iter().any(|process| process.parent == TOOLBOX));
        }
    }
}
