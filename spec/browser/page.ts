// Runs in the page: puts what the specs use where `page.evaluate` finds it.
import { Client } from 'isock'
import * as shared from './page-actions.ts'

// What a spec evaluates here went through tsx, which wraps named functions in this.
const __name = (named: unknown) => named

Object.assign(globalThis, { __name, isock: { Client, ...shared }, kept: {} })
