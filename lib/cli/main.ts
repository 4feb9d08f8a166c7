#!/usr/bin/env node
// The `isock` command.
import { heedLeavingReaders } from './leaving-readers.ts'
import { runProgram } from './program.ts'

heedLeavingReaders(['serve', 'tracim'].includes(process.argv[2] ?? ''))
await runProgram(process.argv)
