//! One side of a clipboard, towards a viewer or towards the desktop: both speak alike.

use crate::Error;
use crate::message::{Action, Clipboard, CutText, Provided, pack};

/// What came of a clipboard message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing that concerns anybody else.
    Nothing,
    /// It was not permitted.
    Refused,
    /// The other side has a text.
    Offered,
    /// The text that it has.
    Text(String),
}

/// What we know of the other side's clipboard, and what we offered it.
#[derive(Debug, Default)]
pub(crate) struct ClipboardSide {
    began: bool,
    extended: bool,
    /// Compressed.
    offered: Option<Vec<u8>>,
}

impl ClipboardSide {
    /// Says what we can do, once.
    pub(crate) fn begin(&mut self, send: impl FnOnce(CutText<'_>)) {
        if !std::mem::replace(&mut self.began, true) {
            send(CutText::Extended(Clipboard::ours()));
        }
    }

    /// Whether the other side speaks of its clipboard before it sends it.
    pub(crate) fn can_be_asked(&self) -> bool {
        self.extended
    }

    /// Offers a text: announced where the other side can ask for it, else simply sent, with `?` for what Latin-1 lacks.
    pub(crate) fn offer(&mut self, text: &str, send: impl FnOnce(CutText<'_>)) {
        if self.extended {
            self.offered = Some(pack(text));
            send(CutText::Extended(Clipboard::text(Action::Notify)));
        } else {
            let latin: Vec<u8> = text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect();
            send(CutText::Plain(&latin));
        }
    }

    /// Asks for the text, if the other side can be asked.
    pub(crate) fn fetch(&mut self, send: impl FnOnce(CutText<'_>)) {
        if self.extended {
            send(CutText::Extended(Clipboard::text(Action::Request)));
        }
    }

    /// Takes a message of the other side. Only where it is permitted does anything move, in either direction.
    pub(crate) fn hear(&mut self, text: &CutText<'_>, permitted: bool, send: impl FnOnce(CutText<'_>)) -> Result<Said, Error> {
        match text {
            CutText::Extended(Clipboard::Caps { .. }) => {
                self.extended = true;
                Ok(Said::Nothing)
            }
            _ if !permitted => Ok(Said::Refused),
            CutText::Plain(latin) => Ok(Said::Text(latin.iter().map(|byte| char::from(*byte)).collect())),
            CutText::Extended(Clipboard::Provide(provided)) => Ok(provided.text()?.map_or(Said::Nothing, Said::Text)),
            CutText::Extended(Clipboard::Word { action, .. }) => Ok(self.answer(*action, send)),
        }
    }

    fn answer(&mut self, action: Action, send: impl FnOnce(CutText<'_>)) -> Said {
        match (action, &self.offered) {
            (Action::Notify, _) => return Said::Offered,
            (Action::Request, Some(packed)) => send(CutText::Extended(Clipboard::Provide(Provided::packed(packed)))),
            (Action::Peek, Some(_)) => send(CutText::Extended(Clipboard::text(Action::Notify))),
            (Action::Request | Action::Peek, None) => {}
        }
        Said::Nothing
    }
}
