// Checks a JSON text before it is parsed: each level of `[[],[],[], ...` costs its sender three characters and its receiver a
// hundred bytes. Does not check that the text is JSON: JSON.parse does.

/** Texts up to this length are parsed unchecked: they cannot hold enough to do harm. */
export const unseenTextLength = 16 * 1024

const quote = 0x22
const backslash = 0x5c
const openArray = 0x5b
const closeArray = 0x5d
const openObject = 0x7b
const closeObject = 0x7d

/** Why a long JSON text must not be parsed, or undefined. */
export function jsonTextFault(text: string, maxDepth: number, maxContainers: number): string | undefined {
  if (text.length <= unseenTextLength) return undefined
  let depth = 0
  let containers = 0
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === quote) i = endOfString(text, i + 1)
    else if (char === openObject || char === openArray) {
      if (++depth > maxDepth) return `nested more than ${maxDepth} deep`
      if (++containers > maxContainers) return `more than ${maxContainers} arrays and objects`
    } else if (char === closeObject || char === closeArray) depth--
  }
  return undefined
}

/** The position of the quote that ends a string whose content begins at `start`; past the end if there is none. */
function endOfString(text: string, start: number): number {
  for (let i = start; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (char === quote) return i
    if (char === backslash) i++
  }
  return text.length
}
