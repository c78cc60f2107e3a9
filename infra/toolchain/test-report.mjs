import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { workspaceManifests } from './dependencies.mjs'

/** Where each package's results lie; turbo keeps the file with its cache, so a cached run has them too. */
const reportFile = '.turbo/test-report.json'

/**
 * @typedef {{ name: string, directory: string }} TestedPackage
 * @typedef {{ passed: number, failed: number, skipped: number, seconds: number }} Results
 * @typedef {{ exitCode: number | undefined, cached: boolean }} Run
 * @typedef {{ name: string, results: Results | undefined, run: Run | undefined }} Row
 */

/**
 * Clears what earlier runs left and gives the arguments for turbo. Arguments before `--` go to turbo (`--filter=…`), those
 * behind it to vitest.
 *
 * @param {string} root
 * @param {string[]} args
 */
export function testArguments(root, args) {
  rmSync(join(root, '.turbo', 'runs'), { recursive: true, force: true })
  for (const { directory } of testedPackages(root)) rmSync(join(root, directory, reportFile), { force: true })
  const split = args.indexOf('--')
  const forTurbo = split === -1 ? args : args.slice(0, split)
  const forVitest = split === -1 ? [] : args.slice(split + 1)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  const bounds = ['--maxWorkers=2']
  const turbo = ['--concurrency=2', '--continue', '--summarize', '--ui=stream', '--output-logs=new-only']
  return ['run', 'test', ...turbo, ...forTurbo, '--', ...reporters, ...bounds, ...forVitest]
}

/**
 * Prints what ran, package by package, and the sum as the last line.
 *
 * @param {string} root
 * @param {string[]} args as given to `testArguments`
 * @returns {boolean} whether every package ran and passed
 */
export function reportTests(root, args) {
  const runs = readRuns(root)
  // With a filter turbo's own list says what was asked for; without one it is every package that has tests.
  const filtered = args.some((argument) => /^(--filter|-F)/.test(argument))
  const rows = testedPackages(root)
    .filter(({ name }) => !filtered || runs.has(name))
    .map(({ name, directory }) => ({ name, results: readResults(join(root, directory)), run: runs.get(name) }))
  process.stdout.write(`\n${formatRows(rows)}\n`)
  return rows.length > 0 && rows.every(hasPassed)
}

/** @param {Row} row */
const hasPassed = ({ results, run }) => results !== undefined && results.failed === 0 && run?.exitCode === 0

/**
 * @param {Row[]} rows
 * @returns {string} a table, and as the last line `812 passed, 0 failed`, with `, 3 skipped` when there are any
 */
export function formatRows(rows) {
  const header = ['package', 'passed', 'failed', 'skipped', 'seconds', '']
  const body = rows.map((row) => {
    const { name, results, run } = row
    if (results === undefined)
      return [name, '–', '–', '–', '–', run === undefined ? 'did not run' : 'failed, no report']
    const { passed, failed, skipped } = results
    const ended = run?.cached ? 'cached' : 'run'
    const how = hasPassed(row) ? ended : passed + failed + skipped === 0 ? 'no tests' : 'failed'
    return [name, `${passed}`, `${failed}`, `${skipped}`, results.seconds.toFixed(1), how]
  })
  const widths = header.map((_, column) => Math.max(...[header, ...body].map((cells) => cells[column]?.length ?? 0)))
  const lines = [header, ...body].map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 || column === 5 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
  const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) =>
    rows.reduce((total, { results }) => total + (results?.[key] ?? 0), 0)
  const broken = rows.filter((row) => !hasPassed(row)).map(({ name }) => name)
  return [
    ...lines,
    '',
    ...(broken.length === 0 ? [] : [`not passed: ${broken.join(', ')}`]),
    `${sum('passed')} passed, ${sum('failed')} failed${sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : ''}`,
  ].join('\n')
}

/**
 * Every workspace package that has a `test` script.
 *
 * @param {string} root
 * @returns {TestedPackage[]}
 */
function testedPackages(root) {
  return workspaceManifests().flatMap((file) => {
    /** @type {{ name: string, scripts?: Record<string, string> }} */
    const manifest = JSON.parse(readFileSync(join(root, file), 'utf8'))
    const directory = file.slice(0, -'/package.json'.length)
    return manifest.scripts?.['test'] === undefined ? [] : [{ name: manifest.name, directory }]
  })
}

/**
 * @param {string} directory
 * @returns {Results | undefined} nothing when the tests did not get as far as writing a report
 */
function readResults(directory) {
  const file = join(directory, reportFile)
  if (!existsSync(file)) return undefined
  /** @type {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, startTime: number, testResults: { endTime: number, status: string, assertionResults: unknown[] }[] }} */
  const report = JSON.parse(readFileSync(file, 'utf8'))
  // A file that breaks before its first test counts as one failure, or it would count as nothing.
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length
  const endTime = Math.max(report.startTime, ...report.testResults.map((result) => result.endTime))
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles,
    skipped: report.numPendingTests + report.numTodoTests,
    seconds: (endTime - report.startTime) / 1000,
  }
}

/**
 * What turbo wrote about its last run, by package.
 *
 * @param {string} root
 * @returns {Map<string, Run>}
 */
function readRuns(root) {
  const folder = join(root, '.turbo', 'runs')
  const file = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith('.json')) : undefined
  if (file === undefined) return new Map()
  /** @type {{ tasks: { task: string, package: string, cache?: { status: string }, execution?: { exitCode: number } }[] }} */
  const summary = JSON.parse(readFileSync(join(folder, file), 'utf8'))
  return new Map(
    summary.tasks
      .filter(({ task }) => task === 'test')
      .map((task) => {
        const cached = task.cache?.status === 'HIT'
        return [task.package, { cached, exitCode: task.execution?.exitCode ?? (cached ? 0 : undefined) }]
      }),
  )
}
