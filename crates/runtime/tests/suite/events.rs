//! The JSON Schema of the events is generated, kept in `schemas/`, and true.

use std::path::Path;

use runtime::engine::Activity;
use runtime::events::{EVENTS_VERSION, Event, Stamped, schema};

fn stamped(event: Event) -> serde_json::Value {
    let (run, at) = ("20261121-053501-8c1f20".to_owned(), "2026-11-21T05:35:01.000Z".to_owned());
    let stamped = Stamped { v: EVENTS_VERSION, run, at, elapsed_ms: 12, event };
    serde_json::to_value(stamped).unwrap()
}

fn events() -> Vec<Event> {
    let doing = vec![Activity {
        what: "index orders_idx".to_owned(),
        phase: "building index".to_owned(),
        done: 5,
        total: Some(10),
    }];
    vec![
        Event::StageStarted { stage: "load".to_owned(), steps: 3 },
        Event::StageFinished { stage: "load".to_owned(), took_ms: 7 },
        Event::StepFinished { stage: "load".to_owned(), step: "load/a".to_owned(), took_ms: 7 },
        Event::Outlook { left_ms: 1000 },
        Event::Rows { table: "orders".to_owned(), done: 1, total: None, bytes: 8 },
        Event::Server { doing },
        Event::LoadAgain {
            table: "orders".to_owned(),
            attempt: 1,
            wait_ms: 1000,
            why: "gone".to_owned(),
        },
        Event::RunFinished { outcome: "done", kept: None },
    ]
}

#[test]
fn every_event_is_as_the_schema_says_and_nothing_else_is() {
    let schema = serde_json::to_value(schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for event in events() {
        let line = stamped(event);
        assert!(validator.is_valid(&line), "{line}");
        for missing in ["v", "run", "event"] {
            let mut less = line.clone();
            less.as_object_mut().unwrap().remove(missing);
            assert!(!validator.is_valid(&less), "{less}");
        }
    }
    let mut unknown = stamped(Event::Passed { what: "x".to_owned() });
    unknown["event"] = "something-else".into();
    assert!(!validator.is_valid(&unknown));
}

/// A reader of JSON keeps one of two.
#[test]
fn no_key_stands_twice() {
    for event in events() {
        let (run, at) = (String::new(), String::new());
        let stamped = Stamped { v: EVENTS_VERSION, run, at, elapsed_ms: 12, event };
        let line = serde_json::to_string(&stamped).unwrap();
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        let again = serde_json::to_string(&read).unwrap();
        assert_eq!(line.len(), again.len(), "{line}\n{again}");
    }
}

#[test]
fn the_kept_schema_is_the_generated_one() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/events.schema.json");
    let generated = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, generated, "UPDATE_EXPECT=1 writes {}", path.display());
}
