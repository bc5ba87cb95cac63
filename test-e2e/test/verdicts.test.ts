import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createInProcess, type RunCommand } from '../src/in-process.ts'
import { type TemporaryFolder, temporaryFolder } from '../src/temporary-folder.ts'
import { differenceOf, pagesOfDifferences } from '../src/verdicts/differences.ts'
import { fillIn } from '../src/verdicts/fill-in.ts'
import { tableImage } from '../src/verdicts/image.ts'
import { folderPolicy, IDENTITIES, identityPolicy, scopePolicy } from '../src/verdicts/matrix.ts'
import { serveTableImage, type TableRegistry } from '../src/verdicts/registry.ts'
import type { Verdict } from '../src/verdicts/skopeo.ts'

interface Row {
  readonly verdict: Verdict
}

interface SignatureRow extends Row {
  readonly kind: 'simple' | 'sigstore'
  readonly signature: string
  readonly policy: string
}

const TABLES = join(import.meta.dirname, 'fixtures/verdicts')
const KEYS = join(TABLES, 'keys')

async function table<Value>(name: string): Promise<Value> {
  return JSON.parse(await readFile(join(TABLES, `${name}.json`), 'utf8')) as Value
}

const policies = await table<readonly (Row & { readonly name: string; readonly policy: string })[]>('policies')
const signatures = await table<{
  readonly policies: Readonly<Record<SignatureRow['kind'], Readonly<Record<string, string>>>>
  readonly rows: readonly SignatureRow[]
}>('signatures')
const bytes =
  await table<Readonly<Record<'simple' | 'sigstore' | 'names', Readonly<Record<string, string>>>>>('signature-bytes')
const identities = await table<{
  readonly rows: readonly (Row & { readonly image: string; readonly signed: string; readonly identity: string })[]
}>('identities')
const scopes = await table<readonly (Row & { readonly image: string; readonly scope: string })[]>('scopes')
const folders =
  await table<readonly (Row & { readonly transport: string; readonly folder: string; readonly scope: string })[]>(
    'folders',
  )

// What skopeo says of a policy, a signature or a name, this command says, too; but for what docs/decisions says of.
describe('verdicts', () => {
  const image = tableImage()
  let temporary: TemporaryFolder
  let registry: TableRegistry
  let run: RunCommand
  const images = new Map<string, Promise<string>>()

  beforeAll(async () => {
    temporary = await temporaryFolder()
    run = await createInProcess(temporary.fresh('home'))
    registry = await serveTableImage(image, temporary.path)
  })
  afterAll(async () => {
    await registry[Symbol.asyncDispose]()
    await temporary[Symbol.asyncDispose]()
  })

  /** The folder of the image with this signature. */
  function signedImage(kind: SignatureRow['kind'], name: string): Promise<string> {
    const make = async (): Promise<string> => {
      const folder = temporary.fresh('image')
      await cp(join(TABLES, 'image'), folder, { recursive: true })
      await writeFile(join(folder, 'signature-1'), Buffer.from(bytes[kind][name] ?? '', 'base64'))
      return `dir:${folder}`
    }
    const key = `${kind} ${name}`
    const made = images.get(key) ?? make()
    images.set(key, made)
    return made
  }

  async function judge(policy: string, name: string, flags: readonly string[] = []): Promise<Verdict> {
    const file = temporary.fresh('policy')
    await writeFile(file, fillIn(policy, { KEYS, DIR: temporary.path, DIGEST: image.digest }))
    const { exitCode, stderr } = await run(['policy', 'explain', '--policy', file, ...flags, name])
    if (exitCode === 0) return 'accepted'
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 4 })
    return stderr.includes('the policy cannot be used') ? 'invalid' : 'rejected'
  }

  function typed(text: string): string {
    return `docker://${text.replace('{{DIGEST}}', image.digest)}`
  }

  describe('of policies', () => {
    it.each(policies)('$name: $verdict', async ({ name, policy, verdict }) => {
      const from = await signedImage('simple', 'payload: good')
      expect(await judge(policy, from)).toBe(differenceOf(`policy: ${name}`)?.verdict ?? verdict)
    })
  })

  describe.each(['simple', 'sigstore'] as const)('of %s signatures', (kind) => {
    it.each(signatures.rows.filter((row) => row.kind === kind))(
      '$signature, by $policy: $verdict',
      async ({ signature, policy, verdict }) => {
        const from = await signedImage(kind, signature)
        const said = await judge(signatures.policies[kind][policy] ?? '', from)
        expect(said).toBe(differenceOf(`${kind}: ${signature}`)?.verdict ?? verdict)
      },
    )
  })

  it.each(Object.keys(IDENTITIES))('of names and what was signed, by the identity %s', async (identity) => {
    for (const row of identities.rows.filter((one) => one.identity === identity)) {
      const lookaside = registry.lookaside(Buffer.from(bytes.names[row.signed] ?? '', 'base64'))
      const flags = [...registry.flags, '--registries.d', lookaside]
      const said = await judge(identityPolicy(IDENTITIES[identity]), typed(row.image), flags)
      expect({ ...row, verdict: said }).toEqual(row)
    }
  })

  it('of names and scopes', async () => {
    for (const row of scopes) {
      expect({ ...row, verdict: await judge(scopePolicy(row.scope), typed(row.image), registry.flags) }).toEqual(row)
    }
  })

  it.each(pagesOfDifferences())('that differ have their reasons in %s', async (page) => {
    const text = await readFile(join(import.meta.dirname, '../../docs/decisions', page), 'utf8')
    expect(text).toContain('skopeo')
  })

  it('of folders and scopes', async () => {
    for (const row of folders) {
      const folder = join(temporary.path, row.folder)
      await mkdir(folder, { recursive: true })
      await cp(join(TABLES, 'image'), folder, { recursive: true })
      const said = await judge(folderPolicy(row.transport, row.scope), `${row.transport}:${folder}`)
      expect({ ...row, verdict: said }).toEqual(row)
    }
  })
})
