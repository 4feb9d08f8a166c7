// Text of others on a terminal: what could move the cursor or turn the direction of writing is shown, not obeyed.

export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
