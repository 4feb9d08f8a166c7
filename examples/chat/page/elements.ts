// Elements of the page, and errors in words for people.
import { ActionError, AuthError, OutcomeUnknownError } from 'isock'

/** Texts become text, never HTML: others wrote them. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string>>,
  ...content: (Node | string)[]
): HTMLElement {
  const made = document.createElement(name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  made.append(...content)
  return made
}

export function part<E extends HTMLElement>(id: string): E {
  return document.getElementById(id) as E
}

/** What the server's actions and guards say is written for people; of other errors the console has the details. */
export function inWords(error: unknown): string {
  if (error instanceof AuthError || error instanceof ActionError) return error.message
  console.error(error)
  if (error instanceof OutcomeUnknownError) return 'It is not known whether this was sent.'
  return 'That did not work. Try again in a moment.'
}
