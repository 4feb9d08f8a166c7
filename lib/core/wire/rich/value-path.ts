// Writes a place inside a value for a person: data.items[3].callback

/** One step into a value: a property name, an array index, or text that is used as it is. */
export type PathStep = string | number | { readonly text: string }

/** `label` and the steps from it as one expression. */
export function pathText(label: string, steps: readonly PathStep[]): string {
  let text = label
  for (const step of steps) text += stepText(step)
  return text
}

/** The step to a Map's value. Keys that cannot be written out are shown as their position. */
export function mapValueStep(key: unknown, position: number): PathStep {
  switch (typeof key) {
    case 'string':
      return { text: `.get(${JSON.stringify(shortened(key))})` }
    case 'number':
    case 'boolean':
      return { text: `.get(${String(key)})` }
    default:
      return { text: `.values()[${position}]` }
  }
}

/** The step to a key of a Map, or to an item of a Set: they have the same method. */
export function keyStep(position: number): PathStep {
  return { text: `.keys()[${position}]` }
}

function stepText(step: PathStep): string {
  if (typeof step === 'object') return step.text
  if (typeof step === 'number') return `[${step}]`
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step)
    ? `.${shortened(step)}`
    : `[${JSON.stringify(shortened(step))}]`
}

/** A key can be a megabyte long; an error shows only its beginning. */
function shortened(key: string): string {
  return key.length > 100 ? `${key.slice(0, 100)}...` : key
}
