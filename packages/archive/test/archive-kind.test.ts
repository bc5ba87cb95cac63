import { describe, expect, test } from 'vitest'
import { archiveKind } from '../src/index.ts'
import { indexOf } from './bodies.ts'
import { fixture } from './fixtures.ts'
import { pax, rawHeader, rawMember, rawTar } from './raw-tar.ts'

const files = (...names: readonly string[]): Buffer => rawTar(...names.map((name) => rawMember({ name }, '{}')))

describe('archiveKind', () => {
  test.each([
    ['hello-world-v25.tar', 'docker-and-oci'],
    ['containerd-export-manifest.tar', 'docker-and-oci'],
    ['test_link.tar', 'docker'],
    ['v1.tar', 'docker'],
    ['oci.tar', 'oci'],
    ['minimal.aci', 'aci'],
    ['layer.tar', 'rootfs'],
  ])('%s is %s', async (name, kind) => {
    expect(archiveKind(await indexOf(fixture(`images/${name}`)))).toBe(kind)
  })

  test.each([
    [['repositories', 'x/layer.tar'], 'docker'],
    [['./manifest.json'], 'docker'],
    [['./oci-layout', './index.json'], 'oci'],
    [['oci-layout'], 'rootfs'],
    [['index.json'], 'rootfs'],
    [['INDEX.JSON', 'OCI-LAYOUT'], 'rootfs'],
    [['manifest', 'rootfs/bin/sh'], 'aci'],
    [['manifest', 'rootfs'], 'rootfs'],
    [['manifest'], 'rootfs'],
    [['etc/manifest.json'], 'rootfs'],
  ])('%j is %s', async (names, kind) => {
    expect(archiveKind(await indexOf(files(...names)))).toBe(kind)
  })

  test('a folder is no document, a link may be one', async () => {
    const folder = rawTar(rawHeader({ name: 'manifest.json/', flag: '5' }))
    expect(archiveKind(await indexOf(folder))).toBe('rootfs')
    const link = rawTar(rawMember({ name: 'm' }, '[]'), rawHeader({ name: 'manifest.json', flag: '2', linkName: 'm' }))
    expect(archiveKind(await indexOf(link))).toBe('docker')
  })

  test('an archive without members is none', async () => {
    const index = await indexOf(rawTar())
    expect(() => archiveKind(index)).toThrow('without members')
  })

  test.each(['manifest.json', 'index.json', 'oci-layout'])(
    'two of %s are refused, however they are spelt',
    async (name) => {
      const twice = [
        files(name, `./${name}`),
        rawTar(rawMember({ name }), pax({ path: name }), rawMember({ name: 'x' })),
      ]
      for (const tar of twice) {
        const index = await indexOf(tar)
        expect(() => archiveKind(index)).toThrow(`two members "${name}"`)
      }
      expect(archiveKind(await indexOf(files('manifest.json', 'layer', 'layer')))).toBe('docker')
    },
  )
})
