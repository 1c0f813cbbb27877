//! Text from outside (file names, MIDI meta text, port names, checkpoint fields) passes
//! [`sanitize`] before any terminal, log or error message.

/// The longest sanitised text, in characters; longer ones end in `…`.
pub const MAX_CHARS: usize = 400;

/// Makes a text safe to show: control characters (C0, C1, DEL, line and paragraph
/// separators) and bidirectional or invisible formatting characters become `\u{fffd}`, tabs and line ends become
/// spaces, and what is longer than [`MAX_CHARS`] is cut.
#[must_use]
pub fn sanitize(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(4 * MAX_CHARS));
    for (i, c) in text.chars().enumerate() {
        if i == MAX_CHARS {
            out.push('…');
            break;
        }
        out.push(match c {
            '\t' | '\n' | '\r' => ' ',
            c if c.is_control() || is_format(c) => '\u{fffd}',
            c => c,
        });
    }
    out
}

/// [`sanitize`] for a path.
#[must_use]
pub fn sanitize_path(path: &std::path::Path) -> String {
    sanitize(&path.to_string_lossy())
}

/// Characters that draw nothing but change how their neighbours are drawn.
const fn is_format(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_is_sanitized() {
        assert_eq!(
            sanitize("kick\x1b]0;owned\x07"),
            "kick\u{fffd}]0;owned\u{fffd}"
        );
        assert_eq!(sanitize("a\u{202e}b\u{9b}c\td\n"), "a\u{fffd}b\u{fffd}c d ");
        assert_eq!(sanitize("grüße 太鼓"), "grüße 太鼓");
        let long = sanitize(&"x".repeat(5000));
        assert_eq!(long.chars().count(), MAX_CHARS + 1);
    }
}
