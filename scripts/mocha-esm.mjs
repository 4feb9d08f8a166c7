// Makes mocha import the specs as the ES modules that they are. It would `require` them, which makes tsx compile them
// to CommonJS: a module that is also reached by `import()` then exists twice, and `instanceof` fails between the two.
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const loading = createRequire(import.meta.url)('mocha/lib/nodejs/esm-utils.cjs')
// Mocha has no option for this. spec/setup/setup.spec.ts fails where a new version of it no longer looks here.
loading.requireOrImport = (file) => import(pathToFileURL(file).href)
