// The stack of an error that isock completes or restores, in any engine.

/**
 * Replaces the stack of an error, which stays hidden like the engine's own. A frozen error keeps its own. It is assigned, not defined:
 * V8 would format the former one first (30 us). Firefox and Safari list what was assigned among the error's fields, if it is not hidden again.
 */
export function setStack(error: Error, stack: string): void {
  try {
    error.stack = stack
    if (Object.prototype.propertyIsEnumerable.call(error, 'stack'))
      Object.defineProperty(error, 'stack', { enumerable: false })
  } catch {
    // It is frozen.
  }
}
