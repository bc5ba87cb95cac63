import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

// The blocks import the packages' sources, whose `await using` Node understands by itself from 24 on only.
const knowsUsing = Number.parseInt(process.versions.node, 10) >= 24

test.runIf(knowsUsing)('the transport of docs/writing-a-transport.md keeps the contract, under node:test', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'crossdock-docs-'))
  try {
    await writeBlocks(folder)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--test', '--test-reporter=tap', join(folder, 'conformance.test.ts')],
      { cwd: folder, env: withoutTestRunner() },
    )
    expect(stdout).toMatch(/^# fail 0$/m)
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(20)
    const plugin: unknown = await import(join(folder, 'plugin.ts'))
    expect(plugin).toMatchObject({ plugin: { name: 'shelf' } })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** Every code block that begins with a comment of its file name, as that file, beside the packages that they import. */
async function writeBlocks(folder: string): Promise<void> {
  const page = await readFile(join(ROOT, 'docs', 'writing-a-transport.md'), 'utf8')
  const blocks = [...page.matchAll(/```ts\n(\/\/ ([\w.]+)\n.*?)```/gs)]
  await Promise.all(blocks.map(([, text = '', name = '']) => writeFile(join(folder, name), text)))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const scope = join(folder, 'node_modules', '@crossdock')
  await mkdir(scope, { recursive: true })
  for (const name of ['core', 'transport-testkit']) {
    await symlink(join(ROOT, 'packages', name), join(scope, name), 'junction')
  }
}

/** node:test behaves otherwise when it believes that it runs inside itself; workers carry flags that it does not know. */
function withoutTestRunner(): NodeJS.ProcessEnv {
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...env } = process.env
  return env
}
