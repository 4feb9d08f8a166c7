// What goes to standard error where no log is given.

/** The lines that console.error and console.warn print while the work is done. */
export async function printedBy(work: () => Promise<unknown>): Promise<string[]> {
  const { error, warn } = console
  const printed: string[] = []
  console.error = console.warn = (text: string) => void printed.push(text)
  try {
    await work()
  } finally {
    console.error = error
    console.warn = warn
  }
  return printed
}
