// What a shell can complete: the commands, options and choices of the program, read from the same definitions as its help.
// Leaves the languages of the shells to completion-scripts.ts.
import type { Argument, Command, Option } from 'commander'

/** How the value of an option, or an argument, is completed. */
export type Completion = { readonly choices: readonly string[] } | 'files' | 'nothing'

export interface CompletedOption {
  /** As typed, such as `-f` and `--follow`. */
  readonly flags: readonly string[]
  readonly description: string
  /** undefined: it takes no value. */
  readonly value: Completion | undefined
}

export interface CompletedCommand {
  /** Its words, such as `['isock', 'data', 'migrate']`. */
  readonly path: readonly string[]
  readonly description: string
  readonly options: readonly CompletedOption[]
  readonly subcommands: readonly { readonly name: string; readonly description: string }[]
  readonly argument: Completion
}

/** The program itself first, then its commands with theirs. */
export function completionTable(program: Command, above: readonly string[] = []): CompletedCommand[] {
  const path = [...above, program.name()]
  const help = program.createHelp()
  const own: CompletedCommand = {
    path,
    description: program.description(),
    options: help.visibleOptions(program).map(completedOption),
    subcommands: program.commands.map((each) => ({ name: each.name(), description: each.description() })),
    argument: argumentCompletion(program.registeredArguments),
  }
  return [own, ...program.commands.flatMap((each) => completionTable(each, path))]
}

function completedOption(option: Option): CompletedOption {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined && flag !== null)
  return { flags, description: option.description, value: valueCompletion(option) }
}

function valueCompletion({ flags, argChoices, required, optional }: Option): Completion | undefined {
  if (!required && !optional) return undefined
  return argChoices === undefined ? filesOrNothing(flags) : { choices: argChoices }
}

function argumentCompletion(given: readonly Argument[]): Completion {
  const choices = given.find(({ argChoices }) => argChoices !== undefined)?.argChoices
  if (choices !== undefined) return { choices }
  return given.some((argument) => filesOrNothing(argument.name()) === 'files') ? 'files' : 'nothing'
}

function filesOrNothing(name: string): 'files' | 'nothing' {
  return /file|path|directory|modules/.test(name) ? 'files' : 'nothing'
}
