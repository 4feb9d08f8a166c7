// Untrusted text on a terminal: characters that could move the cursor, change the title or reverse the writing direction
// are shown as escapes. Leaves to its callers what is text for people and what is data for programs.

/** C0 other than tab and line feed, DEL, C1, Unicode's own line ends, and all controls of the writing direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const commands = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text for people: a control character is shown as `\x1b`. */
export function printable(text: string): string {
  return text.replace(commands, (character) => {
    const code = character.charCodeAt(0).toString(16)
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`
  })
}

/** Equivalent JSON: characters that JSON allows in its strings, but a terminal would obey, are escaped as `\u009b`. */
export function printableJson(json: string): string {
  return json.replace(commands, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
