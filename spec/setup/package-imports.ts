// What the names that begin with # mean in a compiled copy of the library: the packages that Node loads for them.
import { readFileSync } from 'node:fs'

interface PackageFile {
  readonly imports: Readonly<Record<string, { readonly default: string }>>
}

const { imports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as PackageFile

/** For the package.json of the copy, whose own folder has no bundler's modules. */
export const packageImports: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(imports).map(([name, { default: found }]) => [name, found]),
)
