// The definitions of the commands for the data of models: `isock data migrate | shell | export | import`.
import { type Command, Option } from 'commander'
import { command } from './command-parts.ts'
import type { ExportOptions, ImportOptions, MigrateCommandOptions, StoreCommandOptions } from './data-commands.ts'
import { exitCodesHelp } from './exit-codes.ts'

export function dataCommand(): Command {
  const data = command('data', 'Manages the data of models: tables, files, a shell.')
    .addCommand(migrateCommand())
    .addCommand(shellCommand())
    .addCommand(exportCommand())
    .addCommand(importCommand())
    .addHelpText(
      'after',
      `
Modules are JavaScript or TypeScript; the models are the exported classes that extend Model, and those they refer to. The
store is set by --url, or by ISOCK_DATA_URL, which keeps a password out of the process list: file:<path> or postgres://...
Without them it is set by an exported object called \`data\`, as with \`isock serve\`. Servers may keep using it meanwhile.

Examples:
  isock data migrate models.js --url file:app.db --dry-run
  isock data export backup models.js --url file:app.db --format csv
${exitCodesHelp}`,
    )
  data.helpCommand(false)
  return data
}

function migrateCommand(): Command {
  return ofStore(command('migrate', 'Adds missing tables and fields, and reports fields that no model has any more.'))
    .argument('<modules...>', 'modules with models: paths')
    .option('--dry-run', 'print the SQL without running it')
    .option('--drop', 'drop the fields that no model has any more, with their values')
    .option('--recompute', 'compute the computed fields of all rows again')
    .action(async (modules: string[], options: MigrateCommandOptions) => {
      await (await import('./data-commands.ts')).migrateData(modules, options)
    })
}

function shellCommand(): Command {
  return ofStore(
    command('shell', 'Opens a JavaScript prompt with `db`, the models and conditions; each statement is committed.'),
  )
    .argument('<modules...>', 'modules with models: paths')
    .addHelpText('after', '\nExample:\n  isock> db.query(User, { age: ge(18) }, { limit: 3 })\n')
    .action(async (modules: string[], options: StoreCommandOptions) => {
      await (await import('./data-commands.ts')).openDataShell(modules, options)
    })
}

function exportCommand(): Command {
  return ofStore(command('export', 'Writes every table to a file in a directory, secret fields included.'))
    .argument('<directory>', 'the directory to write the files to')
    .argument('<modules...>', 'modules with models: paths')
    .addOption(formatOption())
    .action(async (directory: string, modules: string[], options: ExportOptions) => {
      await (await import('./data-commands.ts')).exportData(directory, modules, options)
    })
}

function importCommand(): Command {
  return ofStore(command('import', 'Loads the tables that have files in a directory: all rows, or none.'))
    .argument('<directory>', 'the directory with the files')
    .argument('<modules...>', 'modules with models: paths')
    .addOption(formatOption())
    .option('--replace', 'empty the tables first')
    .option('--ignore-unknown', 'ignore columns without a field, and list them')
    .action(async (directory: string, modules: string[], options: ImportOptions) => {
      await (await import('./data-commands.ts')).importData(directory, modules, options)
    })
}

function ofStore(base: Command): Command {
  return base
    .addOption(new Option('--url <url>', 'the store: file:<path> or postgres://...').env('ISOCK_DATA_URL'))
    .option('--schema <name>', 'the PostgreSQL schema of the tables')
}

function formatOption(): Option {
  return new Option('--format <format>', 'the file format').choices(['json', 'csv']).default('json')
}
