// The completion scripts of `isock completion`: what the table says, in the languages of the shells. They run nothing but the
// shell's own built-ins, so that completing never starts a process.
import type { CompletedCommand, CompletedOption, Completion } from './completion-table.ts'

export const shells = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof shells)[number]

export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return { bash, zsh, fish }[shell](commands)
}

function bash(commands: readonly CompletedCommand[]): string {
  const words = commands.map(({ path, options, subcommands }) => {
    const offered = [...subcommands.map(({ name }) => name), ...options.flatMap(({ flags }) => flags)]
    return `    ${quoted(path.join(' '))}) offered=${quoted(offered.join(' '))} ;;\n`
  })
  return `# Completion of isock for bash. In ~/.bashrc: source <(isock completion bash)
_isock() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" at=isock offered='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${pathsBelow(commands)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$at $previous" in
${casesOf(commands, {
  files: 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return',
  nothing: 'return',
  choices: (choices) => `COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$current")); return`,
})}  esac
  case "$at" in
${words.join('')}  esac
  if [[ $current != -* ]]; then
    case "$at" in
${argumentCases(commands, {
  files: 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return',
  nothing: 'offered=',
  choices: (choices) => `offered=${quoted(choices.join(' '))}`,
})}    esac
  fi
  COMPREPLY=($(compgen -W "$offered" -- "$current"))
}
complete -F _isock isock
`
}

function zsh(commands: readonly CompletedCommand[]): string {
  const described = (word: string, text: string): string => quoted(`${word.replaceAll(':', '\\:')}:${firstLine(text)}`)
  const words = commands.map(({ path, options, subcommands }) => {
    const named = subcommands.map(({ name, description }) => described(name, description))
    const flagged = options.flatMap(({ flags, description }) => flags.map((flag) => described(flag, description)))
    return `    ${quoted(path.join(' '))}) named=(${named.join(' ')}); flagged=(${flagged.join(' ')}) ;;\n`
  })
  return `#compdef isock
# Completion of isock for zsh. In ~/.zshrc, after compinit: source <(isock completion zsh)
_isock() {
  local at=isock i
  local -a named flagged
  for ((i = 2; i < CURRENT; i++)); do
    case "$at $words[i]" in
      ${pathsBelow(commands)}) at="$at $words[i]" ;;
    esac
  done
  case "$at $words[CURRENT-1]" in
${casesOf(commands, {
  files: '_files; return',
  nothing: 'return 1',
  choices: (choices) => `compadd -- ${choices.map(quoted).join(' ')}; return`,
})}  esac
  case "$at" in
${words.join('')}  esac
  if [[ $PREFIX == -* ]]; then
    _describe option flagged
    return
  fi
  case "$at" in
${argumentCases(commands, {
  files: '_files; return',
  nothing: 'return 1',
  choices: (choices) => `compadd -- ${choices.map(quoted).join(' ')}; return`,
})}  esac
  _describe command named
}
if [[ $funcstack[1] == _isock ]]; then
  _isock "$@"
else
  compdef _isock isock
fi
`
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => {
    const { path, options, subcommands, argument } = command
    const below = path.slice(1)
    const seen = below.map((name) => `__fish_seen_subcommand_from ${name}`)
    const others = subcommands.map(({ name }) => name).join(' ')
    const none = others === '' ? [] : [`not __fish_seen_subcommand_from ${others}`]
    const when = (conditions: readonly string[]): string =>
      conditions.length === 0 ? '' : ` -n ${fishQuoted(conditions.join('; and '))}`
    const here = when([...seen, ...none])
    return [
      ...subcommands.map(
        ({ name, description }) => `complete -c isock${here} -a ${name} -d ${fishQuoted(firstLine(description))}`,
      ),
      ...options.map((option) => `complete -c isock${here}${fishOption(option)}`),
      ...(argument === 'nothing' ? [] : [`complete -c isock${here}${fishValue(argument)}`]),
    ]
  })
  return `# Completion of isock for fish: isock completion fish > ~/.config/fish/completions/isock.fish
complete -c isock -f
${lines.join('\n')}
`
}

function fishOption({ flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`))
  const taken = value === undefined ? '' : value === 'nothing' ? ' -x' : ` -r${fishValue(value)}`
  return `${names.join('')}${taken} -d ${fishQuoted(firstLine(description))}`
}

function fishValue(value: Exclude<Completion, 'nothing'>): string {
  return value === 'files' ? ' -F' : ` -f -a ${fishQuoted(value.choices.join(' '))}`
}

/** What a script does for each way to complete. */
interface Replies {
  readonly files: string
  readonly nothing: string
  readonly choices: (choices: readonly string[]) => string
}

/** The cases of bash and zsh for the values of options, for `$at` and the word before. */
function casesOf(commands: readonly CompletedCommand[], replies: Replies): string {
  const patterns = new Map<string, string[]>()
  for (const { path, options } of commands) {
    for (const { flags, value } of options) {
      if (value === undefined) continue
      const reply = replyOf(value, replies)
      const known = patterns.get(reply) ?? []
      known.push(...flags.map((flag) => quoted([...path, flag].join(' '))))
      patterns.set(reply, known)
    }
  }
  return [...patterns].map(([reply, given]) => `    ${given.join(' | ')}) ${reply} ;;\n`).join('')
}

/** The cases of bash and zsh for the arguments of commands that have no commands below them. */
function argumentCases(commands: readonly CompletedCommand[], replies: Replies): string {
  return commands
    .filter(({ subcommands }) => subcommands.length === 0)
    .map(({ path, argument }) => `    ${quoted(path.join(' '))}) ${replyOf(argument, replies)} ;;\n`)
    .join('')
}

function replyOf(completion: Completion, { files, nothing, choices }: Replies): string {
  if (completion === 'files') return files
  return completion === 'nothing' ? nothing : choices(completion.choices)
}

function pathsBelow(commands: readonly CompletedCommand[]): string {
  return commands
    .slice(1)
    .map(({ path }) => quoted(path.join(' ')))
    .join(' | ')
}

function firstLine(text: string): string {
  return text.split('\n')[0] as string
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
