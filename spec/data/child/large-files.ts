// A process that loads the files of a directory into a store and saves them to another directory: `<url> <from> <to> <format>`.
import { Database, type FileFormat } from 'isock/data'
import { Counter } from '../counter.ts'
import { Paper } from '../paper.ts'

const [url = '', from = '', to = '', format = 'json'] = process.argv.slice(2)
await using database = await new Database({ models: [Paper, Counter], url }).open()
await database.migrate()
const loaded = await database.load(from, { format: format as FileFormat })
const saved = await database.save(to, { format: format as FileFormat })
console.log(`loaded ${loaded}, saved ${saved}`)
