// What package.json says that compiled copies of the library need: its version, and what the names that begin with # mean, as the
// packages that Node loads for them.
import { readFileSync } from 'node:fs'

interface PackageFile {
  readonly version: string
  readonly imports: Readonly<Record<string, { readonly default: string }>>
}

const { version, imports } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as PackageFile

export const packageVersion = version

/** For the package.json of the copy, whose own folder has no bundler's modules. */
export const packageImports: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(imports).map(([name, { default: found }]) => [name, found]),
)
