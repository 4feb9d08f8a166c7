// The commands for the data of models: `isock data migrate | shell | export | import`.
import { type Command, Option } from 'commander'
import { command } from './command-parts.ts'
import type { ExportOptions, ImportOptions, MigrateCommandOptions, StoreCommandOptions } from './data-commands.ts'
import { exitCodesHelp } from './exit-codes.ts'

export function dataCommand(): Command {
  const data = command('data', 'Looks after the data of models: tables, files, a shell.')
    .addCommand(migrateCommand())
    .addCommand(shellCommand())
    .addCommand(exportCommand())
    .addCommand(importCommand())
    .addHelpText(
      'after',
      `
Modules are JavaScript or TypeScript: the exported classes that extend Model, and those that they refer to. The store is
that of --url, or of ISOCK_DATA_URL, which keeps a password out of the list of processes: file:<path> or postgres://...
Without them it is that of an exported object called \`data\`, as with \`isock serve\`. Servers may go on using it meanwhile.

Examples:
  isock data migrate models.js --url file:app.db --dry-run
  isock data export backup models.js --url file:app.db --format csv
${exitCodesHelp}`,
    )
  data.helpCommand(false)
  return data
}

function migrateCommand(): Command {
  return ofStore(command('migrate', 'Adds missing tables and fields, and tells which fields no model has any more.'))
    .argument('<modules...>', 'modules with models: paths')
    .option('--dry-run', 'print the SQL, and do nothing')
    .option('--drop', 'drop the fields that no model has any more, with what they hold')
    .option('--recompute', 'compute the computed fields of all rows again')
    .action(async (modules: string[], options: MigrateCommandOptions) => {
      await (await import('./data-commands.ts')).migrateData(modules, options)
    })
}

function shellCommand(): Command {
  return ofStore(
    command('shell', 'A prompt for JavaScript, with `db`, the models and conditions; each statement is committed.'),
  )
    .argument('<modules...>', 'modules with models: paths')
    .addHelpText('after', '\nExample:\n  isock> db.query(User, { age: ge(18) }, { limit: 3 })\n')
    .action(async (modules: string[], options: StoreCommandOptions) => {
      await (await import('./data-commands.ts')).openDataShell(modules, options)
    })
}

function exportCommand(): Command {
  return ofStore(command('export', 'Writes every table to a file in a directory, secret fields included.'))
    .argument('<directory>', 'where the files go')
    .argument('<modules...>', 'modules with models: paths')
    .addOption(formatOption())
    .action(async (directory: string, modules: string[], options: ExportOptions) => {
      await (await import('./data-commands.ts')).exportData(directory, modules, options)
    })
}

function importCommand(): Command {
  return ofStore(command('import', 'Loads the tables whose files are in a directory: all rows, or none.'))
    .argument('<directory>', 'where the files are')
    .argument('<modules...>', 'modules with models: paths')
    .addOption(formatOption())
    .option('--replace', 'empty the tables first')
    .option('--ignore-unknown', 'leave out columns that no field has, and say which')
    .action(async (directory: string, modules: string[], options: ImportOptions) => {
      await (await import('./data-commands.ts')).importData(directory, modules, options)
    })
}

function ofStore(base: Command): Command {
  return base
    .addOption(new Option('--url <url>', 'the store: file:<path> or postgres://...').env('ISOCK_DATA_URL'))
    .option('--schema <name>', 'the PostgreSQL schema that has the tables')
}

function formatOption(): Option {
  return new Option('--format <format>', 'of the files').choices(['json', 'csv']).default('json')
}
