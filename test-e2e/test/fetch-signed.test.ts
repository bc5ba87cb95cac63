import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type AciContent, aciBytes } from '../src/aci-bytes.ts'
import { type AppcSite, startAppcSite } from '../src/appc-site.ts'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { expectRefused, fetched, storedNames } from '../src/fetched.ts'
import { filesBelow } from '../src/files-below.ts'
import { createGnupg, type Gnupg } from '../src/gnupg.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const APP: AciContent = { name: 'apps.test/team/app' }
const IMAGE = 'appc:apps.test/team/app:1.0'
const certificates = join(import.meta.dirname, 'fixtures/tls')

function keyStore({ env }: Crossdock): string {
  return join(env['HOME'] ?? '', 'etc/rkt/trustedkeys')
}

/** A machine on which archives have to be signed: for the name that was asked for, or behind a URL for any of the team's. */
async function strictMachine({ machine }: AppcSite): Promise<Crossdock> {
  const strict = await machine()
  const byName = { type: 'appcSignedBy', keyStores: [keyStore(strict)] }
  const ofTeam = { ...byName, signedIdentity: { type: 'namePrefix', prefix: 'apps.test/team' } }
  const transports = { appc: { '': [byName] }, https: { '': [ofTeam] } }
  const policy = join(strict.env['HOME'] ?? '', 'etc/containers/policy.json')
  await mkdir(dirname(policy), { recursive: true })
  await writeFile(policy, JSON.stringify({ default: [{ type: 'reject' }], transports }))
  return strict
}

describe('signed archives from nginx over TLS', () => {
  withPeers(['nginx', 'gpg'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let gnupg: Gnupg
    let alice: string
    let mallory: string
    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      gnupg = stack.use(await createGnupg(paths.gpg))
      alice = await gnupg.makeKey('alice', 'ed25519')
      mallory = await gnupg.makeKey('mallory', 'ed25519')
    })
    afterAll(() => stack.disposeAsync())

    const signature = (content: AciContent, key: string, daysAgo = 0): Promise<Buffer> =>
      gnupg.signed(aciBytes(content), ['--armor', '--detach-sign', '--local-user', key], daysAgo)

    async function siteWith(content: AciContent = APP, signedBy?: string): Promise<AppcSite> {
      const site = await startAppcSite(paths.nginx, { fresh })
      await site.put(content, signedBy === undefined ? undefined : await signature(content, signedBy))
      await site.putFile('keys.gpg', await gnupg.exported(alice))
      return site
    }

    async function trust(machine: Crossdock, key: string, prefix = 'apps.test/team'): Promise<void> {
      const file = fresh('key')
      await writeFile(file, await gnupg.exported(key))
      await machine.done(['trust', 'add', '--skip-fingerprint-review', '--prefix', prefix, file])
    }

    it('are refused without a signature, and with one by a key that nobody trusts', async () => {
      await using site = await siteWith()
      const machine = await strictMachine(site)
      await expectRefused(machine, [IMAGE], {
        exitCode: 4,
        says: 'a signed App Container archive is needed',
      })
      await trust(machine, alice)
      await site.put(APP, await signature(APP, mallory))
      await expectRefused(machine, [IMAGE], { exitCode: 4, says: 'apps.test/team/app' })
      expect(await storedNames(machine)).toEqual([])
    })

    it('are accepted by the keys that their host publishes, until these are trusted no longer', async () => {
      await using site = await siteWith(APP, alice)
      const machine = await strictMachine(site)
      await expectRefused(machine, [IMAGE], { exitCode: 4, says: 'no key is trusted' })
      const [found] = await fetched(machine, ['--trust-keys-from-https', IMAGE])
      expect(found).toMatchObject({ name: IMAGE, isFetched: true })
      expect(await filesBelow(keyStore(machine))).toEqual([
        join(keyStore(machine), 'prefix.d/apps.test/team/app', alice.toLowerCase()),
      ])
      await site.stop()
      expect(await fetched(machine, ['--pull-policy', 'never', IMAGE])).toMatchObject([{ isFetched: false }])
      await machine.done(['trust', 'remove', '--prefix', 'apps.test/team/app', alice])
      for (const image of [IMAGE, found?.imageId ?? '', found?.digest ?? '']) {
        await expectRefused(machine, ['--pull-policy', 'never', image], { exitCode: 4, says: '' })
      }
      await trust(machine, alice)
      expect(await fetched(machine, ['--pull-policy', 'never', IMAGE])).toMatchObject([{ digest: found?.digest }])
    })

    it('are refused when trust was taken from the key that their host publishes', async () => {
      await using site = await siteWith(APP, alice)
      const machine = await strictMachine(site)
      await fetched(machine, ['--trust-keys-from-https', IMAGE])
      await machine.done(['trust', 'remove', '--mask', '--prefix', APP.name, alice])
      for (const policy of ['update', 'new']) {
        const args = ['fetch', '-q', '--trust-keys-from-https', '--pull-policy', policy, IMAGE]
        const { exitCode, stderr } = await machine.run(args)
        expect(exitCode).toBe(4)
        expect(stderr).toContain('trust was taken from it')
      }
    })

    it('are refused with a signature by another key than their host publishes', async () => {
      await using site = await siteWith(APP, mallory)
      const machine = await strictMachine(site)
      const { exitCode, stderr } = await machine.run(['fetch', '-q', '--trust-keys-from-https', IMAGE])
      expect(exitCode).toBe(4)
      expect(stderr).toContain('none of the trusted ones')
      expect(await storedNames(machine)).toEqual([])
    })

    it.each([
      ['of another archive', async () => signature({ ...APP, version: '2.0' }, alice)],
      ['that is none', async () => Buffer.from('no signature')],
      ['that is empty', async () => Buffer.of()],
    ])('are refused with a signature %s', async (_what, wrong) => {
      await using site = await siteWith()
      await site.put(APP, await wrong())
      const machine = await strictMachine(site)
      await trust(machine, alice)
      await expectRefused(machine, [IMAGE], { exitCode: 4, says: 'apps.test/team/app' })
      expect(await storedNames(machine)).toEqual([])
    })

    it('are refused with a key that has expired, and accepted when it was extended', async () => {
      const key = await gnupg.makeKey('expires', 'ed25519', { daysAgo: 10, expires: '5d' })
      await using site = await siteWith()
      await site.put(APP, await signature(APP, key, 8))
      const machine = await strictMachine(site)
      await trust(machine, key)
      await expectRefused(machine, [IMAGE], { exitCode: 4, says: 'expired' })
      await gnupg.run(['--batch', '--passphrase', '', '--quick-set-expire', key, '0'])
      await machine.done(['trust', 'remove', '--prefix', 'apps.test/team', key])
      await trust(machine, key)
      expect(await fetched(machine, [IMAGE])).toMatchObject([{ isFetched: true }])
    })

    it('are refused with an unsigned one that they depend on', async () => {
      const dependencies = [{ imageName: 'apps.test/team/base', labels: [{ name: 'version', value: '1.0' }] }]
      const top = { ...APP, dependencies }
      const base = { name: 'apps.test/team/base' }
      await using site = await siteWith(top, alice)
      await site.put(base)
      const machine = await strictMachine(site)
      await trust(machine, alice)
      await expectRefused(machine, [IMAGE], { exitCode: 4, says: 'apps.test/team/base' })
      expect(await storedNames(machine)).toEqual([])
      const copy = ['copy', '-q', '--remove-signatures', IMAGE, `oci:${fresh('layout')}:x`]
      expect((await machine.run(copy)).exitCode).toBe(4)
      await site.put(base, await signature(base, alice))
      expect(await fetched(machine, [IMAGE])).toMatchObject([{ dependencies: ['appc:apps.test/team/base:1.0'] }])
      await machine.done(copy)
    })

    it('may have their signature in a file', async () => {
      await using site = await siteWith()
      const machine = await strictMachine(site)
      await trust(machine, alice)
      const file = fresh('signature')
      await writeFile(file, await signature(APP, alice))
      const url = `${site.url}/apps.test/team/app-1.0.aci`
      await expectRefused(machine, [url], { exitCode: 4, says: 'app-1.0.aci' })
      expect(await fetched(machine, ['--signature', file, url])).toMatchObject([{ name: url, isFetched: true }])
      expect(await fetched(machine, ['--pull-policy', 'never', url])).toMatchObject([{ isFetched: false }])
      await writeFile(file, await signature(APP, mallory))
      await expectRefused(machine, ['--signature', file, '--pull-policy', 'update', url], {
        exitCode: 4,
        says: 'app-1.0.aci',
      })
    })
  })
})

async function machineThatTrusts(
  fresh: (name: string) => string,
  key: Uint8Array,
): Promise<{ readonly crossdock: Crossdock; readonly policy: string }> {
  const [policy, keyPath] = [fresh('policy'), fresh('key')]
  await writeFile(keyPath, key)
  const signedIdentity = { type: 'exactName', name: APP.name }
  await writeFile(policy, JSON.stringify({ default: [{ type: 'appcSignedBy', keyPath, signedIdentity }] }))
  return { crossdock: await createCrossdock(fresh('home')), policy }
}

describe('signatures that a server makes when they are asked for', () => {
  withPeers(['gpg'], (paths) => {
    const stack = new AsyncDisposableStack()
    afterAll(() => stack.disposeAsync())

    it.each([
      [1, 0],
      [2, 6],
    ])('that come after the status 202, %i times, end with %i', async (times, exitCode) => {
      const { fresh } = stack.use(await temporaryFolder())
      const gnupg = stack.use(await createGnupg(paths.gpg))
      await gnupg.makeKey('alice', 'ed25519')
      const bytes = aciBytes(APP)
      const asc = await gnupg.signed(bytes, ['--armor', '--detach-sign', '--local-user', 'alice'])
      const asked: string[] = []
      const tls = { cert: readFileSync(`${certificates}/server.crt`), key: readFileSync(`${certificates}/key.pem`) }
      const server = createServer(tls, ({ url = '' }, response) => {
        asked.push(url)
        if (!url.endsWith('.asc')) response.end(bytes)
        else if (asked.filter((path) => path === url).length <= times) response.writeHead(202).end()
        else response.end(asc)
      })
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
      stack.defer(() => server.closeAllConnections())
      stack.defer(() => void server.close())
      const { crossdock, policy } = await machineThatTrusts(fresh, await gnupg.exported('alice'))
      const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/app.aci`
      const line = ['fetch', '-q', '--retry-times', '0', '--policy', policy, '--cert-dir', certificates, url]
      const { exitCode: code, stderr } = await crossdock.run(line)
      expect(stderr).toMatch(
        exitCode === 0 ? /^$/ : /defer the download of its signature again; try again later.*\[UNAVAILABLE\]/,
      )
      expect(code).toBe(exitCode)
      expect(asked).toEqual(['/app.aci', '/app.aci.asc', '/app.aci.asc'])
    })
  })
})
