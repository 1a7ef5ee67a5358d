//! The JSON schema of a tool's arguments, in the plain dialect that every model provider accepts.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

/// The schema of `Arguments`: no references, no titles, no unions with null, no number formats.
pub fn of<Arguments: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let schema = settings.into_generator().into_root_schema_for::<Arguments>();
    let mut value = schema.to_value();
    simplify(&mut value);
    let Value::Object(mut object) = value else { return Map::new() };
    // Some providers insist on it, also where there is nothing to name.
    object.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    object
}

fn simplify(value: &mut Value) {
    let Value::Object(object) = value else { return };
    object.remove("title");
    object.remove("format");
    object.remove("default");
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".into(), only);
        }
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        properties.values_mut().for_each(simplify);
    }
}
