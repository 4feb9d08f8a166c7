#!/usr/bin/env node
// The `isock` command.
import { heedLeavingReaders } from './leaving-readers.ts'
import { runProgram } from './program.ts'

heedLeavingReaders(process.argv[2] === 'serve')
await runProgram(process.argv)
