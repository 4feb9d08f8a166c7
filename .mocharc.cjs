// How `npm test` runs the specs. Not JSON, because `.only` is refused where CI is set.
module.exports = {
  'node-option': ['import=tsx'],
  require: ['./scripts/mocha-esm.mjs', './spec/setup/hooks.ts'],
  spec: ['spec/**/*.spec.ts'],
  reporter: 'scripts/mocha-reporter.mjs',
  'reporter-option': ['maxDiffSize=1000000'],
  timeout: 10_000,
  diff: true,
  'forbid-only': Boolean(process.env.CI),
}
