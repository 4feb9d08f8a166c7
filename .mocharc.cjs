// How `npm test` runs the specs. Not JSON, because `.only` is refused where CI is set.
const listOf = (globs) => globs?.split(' ').filter(Boolean)

/** `npx mocha spec/wire/frame-reader.spec.ts` runs that file alone. */
const isNamed = process.argv
  .slice(2)
  .some((argument, at, all) => /^(\.[/])?spec[/]/.test(argument) && all[at - 1] !== '--ignore')

module.exports = {
  'node-option': ['import=tsx'],
  require: ['./scripts/mocha-esm.mjs', './spec/setup/hooks.ts'],
  // One part of them, see scripts/all-specs.mjs.
  spec: isNamed ? [] : (listOf(process.env.ISOCK_SPECS) ?? ['spec/**/*.spec.ts']),
  ignore: listOf(process.env.ISOCK_SPECS_WITHOUT) ?? [],
  reporter: 'scripts/mocha-reporter.mjs',
  'reporter-option': ['maxDiffSize=1000000'],
  // A bound for what hangs, and no measure: a busy machine is many times slower.
  timeout: 120_000,
  diff: true,
  'forbid-only': Boolean(process.env.CI),
}
