// What a shell is told about a program: its commands, and how each of their options and arguments is completed.
import { expect } from 'chai'
import { Argument, Command, Option } from 'commander'
import { type Completion, completionTable } from '../../lib/cli/completion-table.ts'

/** A command without `--help`. */
function command(name: string): Command {
  return new Command(name).helpOption(false).helpCommand(false)
}

function completionOf(option: Option): Completion | undefined {
  return completionTable(command('p').addOption(option))[0]?.options[0]?.value
}

function argumentOf(...given: readonly Argument[]): Completion | undefined {
  const program = command('p')
  for (const each of given) program.addArgument(each)
  return completionTable(program)[0]?.argument
}

describe('The table of completions', () => {
  it('has the program first, then each command with its path, depth first', () => {
    const program = command('isock').description('Does all')
    const data = command('data').description('Of data')
    data.addCommand(command('migrate').description('Moves on'))
    program.addCommand(data)
    program.addCommand(command('call').description('Calls').option('-f, --follow', 'Goes on').argument('<file>'))
    expect(completionTable(program)).to.deep.equal([
      {
        path: ['isock'],
        description: 'Does all',
        options: [],
        subcommands: [
          { name: 'data', description: 'Of data' },
          { name: 'call', description: 'Calls' },
        ],
        argument: 'nothing',
      },
      {
        path: ['isock', 'data'],
        description: 'Of data',
        options: [],
        subcommands: [{ name: 'migrate', description: 'Moves on' }],
        argument: 'nothing',
      },
      {
        path: ['isock', 'data', 'migrate'],
        description: 'Moves on',
        options: [],
        subcommands: [],
        argument: 'nothing',
      },
      {
        path: ['isock', 'call'],
        description: 'Calls',
        options: [{ flags: ['-f', '--follow'], description: 'Goes on', value: undefined }],
        subcommands: [],
        argument: 'files',
      },
    ])
  })

  it('begins below the words above', () => {
    expect(completionTable(command('p'), ['a', 'b'])[0]?.path).to.deep.equal(['a', 'b', 'p'])
  })

  it('has only the flags that an option has, and no hidden option', () => {
    const program = command('p').option('-a', 'A').option('--bee', 'B').addOption(new Option('--secret').hideHelp())
    expect(completionTable(program)[0]?.options.map(({ flags }) => flags)).to.deep.equal([['-a'], ['--bee']])
  })
})

describe('The value of an option', () => {
  it('is completed where it has one, required or not', () => {
    expect(completionOf(new Option('--file'))).to.equal(undefined)
    expect(completionOf(new Option('--file <name>'))).to.equal('files')
    expect(completionOf(new Option('--file [name]'))).to.equal('files')
    expect(completionOf(new Option('--rate <n>'))).to.equal('nothing')
    expect(completionOf(new Option('--rate [n]'))).to.equal('nothing')
  })

  it('is one of its choices', () => {
    expect(completionOf(new Option('--file <kind>').choices(['a', 'b']))).to.deep.equal({ choices: ['a', 'b'] })
  })

  it('is a file where its flags say so', () => {
    for (const word of ['file', 'path', 'directory', 'modules'])
      expect(completionOf(new Option(`--x <${word}>`)), word).to.equal('files')
  })
})

describe('The argument of a command', () => {
  it('is one of the choices of the first argument that has some', () => {
    const plain = new Argument('<file>')
    const first = new Argument('<x>').choices(['a'])
    const second = new Argument('<y>').choices(['b'])
    expect(argumentOf(plain, first, second)).to.deep.equal({ choices: ['a'] })
  })

  it('is a file if any argument is one', () => {
    expect(argumentOf(new Argument('<address>'), new Argument('<path>'))).to.equal('files')
    expect(argumentOf(new Argument('<address>'))).to.equal('nothing')
    expect(argumentOf()).to.equal('nothing')
  })
})
