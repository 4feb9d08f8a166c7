// What goes to standard error where no log is given.

/** The lines that console.error prints while the work is done. */
export async function printedBy(work: () => Promise<unknown>): Promise<string[]> {
  const { error } = console
  const printed: string[] = []
  console.error = (text: string) => void printed.push(text)
  try {
    await work()
  } finally {
    console.error = error
  }
  return printed
}
