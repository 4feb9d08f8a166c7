// Text of others on a terminal: what could move the cursor, change the title or turn the direction of writing is shown as an
// escape, not obeyed. Leaves to its callers what is text for people and what is data for programs.

/** C0 other than tab and line feed, DEL, C1, Unicode's own line ends, and all controls of the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const commands = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** The text for people: an escape is shown as `\x1b`. */
export function printable(text: string): string {
  return text.replace(commands, (character) => {
    const code = character.charCodeAt(0).toString(16)
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`
  })
}

/** JSON that says the same: what JSON lets stand in its strings, and a terminal obeys, is escaped as `\u009b`. */
export function printableJson(json: string): string {
  return json.replace(commands, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
