#!/usr/bin/env node
// The `isock` command.
import { runProgram } from './program.ts'

await runProgram(process.argv)
