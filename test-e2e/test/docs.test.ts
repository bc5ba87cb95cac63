import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { startRegistry } from '@crossdock/registry-server'
import { buildImages } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EXIT, exitCodeOf } from '../../packages/cli/src/exit-codes.ts'
import { type Crossdock, createCrossdock, repositoryRoot } from '../src/crossdock.ts'
import { anchorsOf, linksOf, type Page, readPages, tableRows } from '../src/markdown.ts'
import { expectedOutput, writeBlocks } from '../src/page-program.ts'
import { type FinishedProcess, type ProcessOptions, runProcess, startProcess } from '../src/start-process.ts'
import { type TemporaryFolder, temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const pages = readPages(repositoryRoot)
const typescript = pages.filter(({ blocks }) => blocks.some(({ language }) => language === 'ts'))

describe('the documentation', () => {
  const stack = new AsyncDisposableStack()
  let folder: TemporaryFolder
  let crossdock: Crossdock
  let host: string

  beforeAll(async () => {
    folder = stack.use(await temporaryFolder())
    crossdock = await createCrossdock(folder.fresh('home'))
    const server = stack.use(await startRegistry())
    host = server.host
    const [image] = await buildImages({ folder: folder.fresh('images'), shapes: ['multiarch'], scale: 0.01 })
    for (const name of sourcesIn(pages)) {
      await crossdock.done(['copy', '-q', '--all', `oci:${image?.folder}:latest`, `docker:${localName(name, host)}`])
    }
  })
  afterAll(() => stack.disposeAsync())

  it('has TypeScript that fits the packages', async () => {
    const place = folder.fresh('types')
    const files = await writeBlocks(place, { root: repositoryRoot, pages: typescript })
    expect(files.length).toBeGreaterThan(15)
    const compiler = join(repositoryRoot, 'node_modules/typescript/bin/tsc')
    const { stdout, exitCode } = await runProcess([process.execPath, compiler, '-p', place])
    expect(stdout.toString()).toBe('')
    expect(exitCode).toBe(0)
  })

  describe.each(typescript)('$path', (page) => {
    const blocks = page.blocks.filter(({ language }) => language === 'ts')

    it.each(blocks)('$where runs and prints what it says', async ({ where }) => {
      const local = { ...page, blocks: page.blocks.map((block) => ({ ...block, code: localCode(block.code, host) })) }
      const files = await writeBlocks(folder.fresh('program'), { root: repositoryRoot, pages: [local] })
      const file = files.find(({ block }) => block.where === where)
      expect(file).toBeDefined()
      const cwd = dirname(file?.path ?? '')
      const finished = await runProcess([process.execPath, file?.path ?? ''], { cwd, env: environmentOf(crossdock) })
      expect(finished).toMatchObject({ exitCode: 0 })
      let rest = finished.stdout.toString()
      for (const expected of file === undefined ? [] : expectedOutput(file.block)) {
        expect(rest).toMatch(expected)
        rest = rest.slice(rest.search(expected)).replace(expected, '')
      }
    })
  })

  describe('has commands that work', () => {
    withPeers(['bash'], ({ bash }) => {
      const scripts = pages.map((page) => ({ path: page.path, lines: commandsIn(page) }))

      it.each(scripts.filter(({ lines }) => lines.length > 0))('$path', async ({ lines }) => {
        const cwd = folder.fresh('commands')
        const bin = join(cwd, '.bin')
        await mkdir(bin, { recursive: true })
        await writeFile(join(bin, 'crossdock'), `#!${bash}\nexec '${crossdock.argv.join("' '")}' "$@"\n`, {
          mode: 0o755,
        })
        const env = {
          ...environmentOf(crossdock),
          PATH: `${bin}:${dirname(process.execPath)}:${crossdock.env['PATH']}`,
        }
        for (const line of lines) {
          const run = line.includes('registry serve') ? serve : runProcess
          const { exitCode, stderr } = await run([bash, '-c', `exec ${localCommand(line, host)}`], { cwd, env })
          const said = exitCode === 0 ? '' : stderr
          expect({ line, exitCode, said }).toStrictEqual({ line, exitCode: 0, said: '' })
        }
      })
    })

    it('of which there are some', () => {
      expect(pages.flatMap(commandsIn).length).toBeGreaterThan(15)
    })
  })

  it.each(pages)('$path has links that lead somewhere', (page) => {
    const broken = linksOf(page).filter((link) => {
      if (/^(https?|mailto):/.test(link)) return false
      const [file = '', anchor] = link.split('#')
      const path = join(dirname(page.path), file).replaceAll('\\', '/')
      const target = file === '' ? page : pages.find((other) => other.path === path)
      if (target === undefined) return !existsSync(join(repositoryRoot, path))
      return anchor !== undefined && !anchorsOf(target).includes(anchor)
    })
    expect(broken).toStrictEqual([])
  })

  it('docs/errors.md has every error code, and the exit code of each', async () => {
    const rows = tableRows(pageAt('docs/errors.md'))
    const documented = rows.map(([code = '']) => code).filter((code) => /^[A-Z]{2,}(_[A-Z]+)*$/.test(code))
    const codes = await errorCodes()
    expect(documented).toStrictEqual(codes)
    const exits = rows.filter(([exit = '']) => /^\d+$/.test(exit))
    for (const code of codes) {
      const [exit] = exits.find(([, names = '']) => names.includes(`\`${code}\``) || names === code) ?? ['1']
      expect(`${code} ${exit}`).toBe(`${code} ${exitCodeOf(code)}`)
    }
  })

  it('README.md has every exit code', () => {
    const rows = tableRows(pageAt('README.md')).filter(([code = '']) => /^\d+$/.test(code))
    const documented = rows.map(([code]) => Number(code))
    expect(documented).toStrictEqual(Object.values(EXIT).toSorted((one, other) => one - other))
  })
})

/** Where tests run on a Node.js that cannot read all of TypeScript, its options let it. */
function environmentOf({ env }: Crossdock): Crossdock['env'] {
  const { NODE_OPTIONS } = process.env
  return NODE_OPTIONS === undefined ? env : { ...env, NODE_OPTIONS }
}

function pageAt(path: string): Page {
  const page = pages.find((candidate) => candidate.path === path)
  if (page === undefined) throw new Error(`there is no ${path}`)
  return page
}

type Code = Parameters<typeof exitCodeOf>[0]

/** The members of the union in the source: a type leaves no list behind. */
async function errorCodes(): Promise<readonly Code[]> {
  const source = await readFile(join(repositoryRoot, 'packages/core/src/errors.ts'), 'utf8')
  const union = /export type ImageErrorCode =((?:\s*\| '[A-Z_]+')+)/.exec(source)?.[1] ?? ''
  return [...union.matchAll(/'([A-Z_]+)'/g)].map((match) => match[1] as Code) // that is the union
}

/** Ends a server in good order as soon as it says where it is. */
async function serve(argv: readonly string[], options: ProcessOptions): Promise<FinishedProcess> {
  await using server = startProcess(argv, options)
  await server.untilOutput('stdout', /^http:\/\/\S+\/$/m)
  return await server.kill('SIGINT')
}

const DOCKER_NAME = /docker:(\/\/[\w.:/@-]+)/

/** Lines of shell code that run this project's command or an example. */
function commandsIn({ blocks }: Page): readonly string[] {
  return blocks
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => code.replaceAll('\\\n', ' ').split('\n'))
    .filter((line) => /^(crossdock|node examples\/)/.test(line))
}

/** The registry images that the pages read from, as they name them. */
function sourcesIn(all: readonly Page[]): readonly string[] {
  const named = all.flatMap(commandsIn).flatMap((line) => /^[^#]*? docker:(\/\/[\w.:/@-]+)/.exec(line)?.[1] ?? [])
  const parsed = all
    .flatMap(({ blocks }) => blocks)
    .flatMap(({ code }) => code.match(/\/\/registry\.example\.com\/[\w./:-]+/g) ?? [])
  return [...new Set([...named, ...parsed])]
}

/** The same name at the registry of this test. */
function localName(name: string, host: string): string {
  const path = name.slice(2)
  const first = path.split('/')[0] ?? ''
  const isHost = path.includes('/') && (/[.:]/.test(first) || first === 'localhost')
  return `//${host}/${isHost ? path.slice(first.length + 1) : path}`
}

function localCommand(line: string, host: string): string {
  const local = line
    .replace(/^node examples\//, `node ${repositoryRoot}/examples/`)
    .replaceAll(new RegExp(DOCKER_NAME, 'g'), (_, name: string) => `docker:${localName(name, host)}`)
  return local.includes('registry serve') && !local.includes('--port')
    ? local.replace('serve', 'serve --port 0')
    : local
}

function localCode(code: string, host: string): string {
  return code.replaceAll('//registry.example.com/', `//${host}/`)
}
