import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { buildImages } from '@crossdock/test-images'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Crossdock, createCrossdock } from '../src/crossdock.ts'
import { type Nginx, startNginx, tlsServer } from '../src/nginx.ts'
import { startOpenProxy } from '../src/open-proxy.ts'
import { temporaryFolder } from '../src/temporary-folder.ts'
import { withPeers } from '../src/with-peers.ts'

const TAGS = [
  'ac-discovery" content="apps.test https://apps.test/missing/{name}.{ext}',
  'ac-discovery" content="apps.test https://apps.test/files/{name}-{version}.{ext}',
  'ac-discovery-pubkeys" content="apps.test https://apps.test/keys.gpg',
]
const PAGE = `<html><head>${TAGS.map((tag) => `<meta name="${tag}">`).join('')}</head></html>`

describe('names that a page of nginx leads from, over TLS', () => {
  withPeers(['nginx'], (paths) => {
    const stack = new AsyncDisposableStack()
    let fresh: (name: string) => string
    let crossdock: Crossdock
    let nginx: Nginx
    let env: Readonly<Record<string, string | undefined>>
    const archive = (version: string): string => join(files, `files/apps.test/team/app-${version}.aci`)
    let files: string

    beforeAll(async () => {
      ;({ fresh } = stack.use(await temporaryFolder()))
      crossdock = await createCrossdock(fresh('home'))
      files = fresh('files')
      await mkdir(dirname(archive('1.0')), { recursive: true })
      const [image] = await buildImages({ folder: fresh('images'), shapes: ['tiny'], scale: 0.01 })
      for (const [version, name] of [
        ['1.0', 'apps.test/team/app:1.0'],
        ['2.0', 'apps.test/team/other:2.0'],
      ] as const) {
        await crossdock.done(['copy', `oci:${image?.folder}:latest`, `aci:${archive(version)}:${name}`])
      }
      nginx = stack.use(
        await startNginx(paths.nginx, {
          folder: fresh('nginx'),
          http: (host) =>
            tlsServer(host, `root ${files}; location = /team { default_type text/html; return 200 '${PAGE}'; }`),
        }),
      )
      const proxy = stack.use(await startOpenProxy(nginx.hosts[0] ?? ''))
      env = { ...crossdock.env, HTTPS_PROXY: proxy.url }
    })
    afterAll(() => stack.disposeAsync())

    it('are copied from the first archive that is there', async () => {
      const [layout, path] = [fresh('layout'), `${fresh('again')}.aci`]
      await crossdock.done(['copy', '--src-tls-verify=false', 'appc:apps.test/team/app:1.0', `oci:${layout}:x`], {
        env,
      })
      await crossdock.done(['copy', `oci:${layout}:x`, `aci:${path}`])
      const { stdout } = await crossdock.done(['inspect', `aci:${path}`])
      expect(stdout.toString()).toContain('apps.test/team/app')
    })

    it('are refused where the archive is of another image', async () => {
      const line = ['copy', '--src-tls-verify=false', 'appc:apps.test/team/app:2.0', `oci:${fresh('none')}:x`]
      const { exitCode, stderr } = await crossdock.run(line, { env })
      expect(exitCode).not.toBe(0)
      expect(stderr).toContain('its name is "apps.test/team/other", not apps.test/team/app')
    })

    it('are refused where the certificate is not for the host', async () => {
      const { exitCode, stderr } = await crossdock.run(
        ['copy', '--retry-times', '0', 'appc:apps.test/team/app:1.0', `oci:${fresh('none')}:x`],
        { env },
      )
      expect(exitCode).not.toBe(0)
      expect(stderr).toContain('certificate')
    })

    it('are shown by discover', async () => {
      const { stdout } = await crossdock.done(['discover', '--tls-verify=false', '--json', 'apps.test/team/app:1.0'], {
        env,
      })
      expect(JSON.parse(stdout.toString())).toMatchObject({
        archives: [
          { url: 'https://apps.test/missing/apps.test/team/app.aci' },
          { url: 'https://apps.test/files/apps.test/team/app-1.0.aci' },
        ],
        keys: ['https://apps.test/keys.gpg'],
      })
    })
  })
})
