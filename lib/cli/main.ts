#!/usr/bin/env node
// The `isock` command.
import { handleBrokenPipe } from './broken-pipe.ts'
import { runProgram } from './program.ts'

handleBrokenPipe(['serve', 'tracim'].includes(process.argv[2] ?? ''))
await runProgram(process.argv)
