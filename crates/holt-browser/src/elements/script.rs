//! Scripts of the agent, in the page itself.

use holt_toolbox::answer::Failure;
use serde_json::{Value, json};

use super::{Evaluated, thrown};
use crate::browser::Live;

impl Live {
    /// Runs a script of the agent in the page itself.
    pub async fn evaluate(
        &self,
        session: &str,
        script: &str,
        argument: Option<&Value>,
        milliseconds: u64,
    ) -> Result<Value, Failure> {
        let expression = match argument {
            Some(argument) => format!("({script})({argument})"),
            None => format!(
                "(async () => {{ const it = (\n{script}\n); return typeof it === 'function' ? await it() : await it; }})()"
            ),
        };
        let evaluate = json!({
            "expression": expression,
            "awaitPromise": true,
            "returnByValue": true,
            "userGesture": true,
            "timeout": milliseconds,
        });
        let mut evaluated: Evaluated = self.ask(session, "Runtime.evaluate", evaluate).await?;
        // Statements are no expression.
        let is_syntax = |details: &Value| details["exception"]["className"] == "SyntaxError";
        if argument.is_none() && evaluated.exception.as_ref().is_some_and(is_syntax) {
            let plain = json!({
                "expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true, "timeout": milliseconds,
                "replMode": true,
            });
            evaluated = self.ask(session, "Runtime.evaluate", plain).await?;
        }
        match evaluated.exception {
            Some(details) => {
                Err(Failure::new("script_failed", format!("the script failed: {}", crate::text::line(&thrown(&details), 1000))))
            }
            None if evaluated.result.value.is_null() => Ok(evaluated.result.description.map_or(Value::Null, Value::String)),
            None => Ok(evaluated.result.value),
        }
    }
}
