import { formatDockerReference, parseDockerReference } from '@crossdock/core'
import { describe, expect, it } from 'vitest'
import { type HostEnvironment, loadHostConfig, resolveShortName } from '../src/index.ts'
import { hostFolder } from './host/host-folder.ts'

/** What packages of the distributions install, in short. */
const DEBIAN = {
  'etc/containers/registries.conf': `# For more information on this configuration file, see containers-registries.conf(5).
# unqualified-search-registries = ["example.com"]
# [[registry]]
# prefix = "example.com/foo"
`,
  'etc/containers/registries.conf.d/shortnames.conf': `[aliases]
  # almalinux
  "almalinux" = "docker.io/library/almalinux"
  "fedora" = "registry.fedoraproject.org/fedora"
  "debian" = "docker.io/library/debian"
  "alpine" = "docker.io/library/alpine"
`,
  'etc/containers/policy.json': '{"default":[{"type":"insecureAcceptAnything"}]}',
}

const FEDORA = {
  'etc/containers/registries.conf': `unqualified-search-registries = ["registry.fedoraproject.org", "registry.access.redhat.com", "docker.io"]
short-name-mode = "enforcing"
additional-layer-store-auth-helper = "/usr/libexec/store-helper"
`,
  'etc/containers/registries.conf.d/000-shortnames.conf': `[aliases]
"fedora" = "registry.fedoraproject.org/fedora"
"fedora-toolbox" = "registry.fedoraproject.org/fedora-toolbox"
`,
  'etc/containers/registries.d/default.yaml': `# This is the default signature write location for docker registries.
default-docker:
#  lookaside: file:///var/lib/containers/sigstore
  lookaside-staging: file:///var/lib/containers/sigstore

# docker:
#   privateregistry.com:
#     lookaside: http://privateregistry.com/sigstore/
`,
  'usr/share/containers/policy.json': '{"default":[{"type":"insecureAcceptAnything"}]}',
}

const RHEL = {
  'etc/containers/registries.conf': `unqualified-search-registries = ["registry.access.redhat.com", "registry.redhat.io", "docker.io"]
short-name-mode = "permissive"
`,
  'etc/containers/registries.conf.d/001-rhel-shortnames.conf': `[aliases]
"ubi9" = "registry.access.redhat.com/ubi9"
"ubi9/ubi" = "registry.access.redhat.com/ubi9/ubi"
`,
  'etc/containers/registries.conf.d/99-mirrors.conf': `[[registry]]
  prefix = ""
  location = "quay.io/openshift-release-dev/ocp-release"
  mirror-by-digest-only = true

  [[registry.mirror]]
    location = "mirror.corp.example:5000/ocp4/openshift4"
    insecure = true

[[registry]]
prefix = "docker.io"
location = "docker.io"
blocked = true
`,
  'etc/containers/registries.d/registry.access.redhat.com.yaml': `docker:
     registry.access.redhat.com:
         sigstore: https://access.redhat.com/webassets/docker/content/sigstore
`,
  'etc/containers/registries.d/registry.redhat.io.yaml': `docker:
     registry.redhat.io:
         sigstore: https://registry.redhat.io/containers/sigstore
`,
  'etc/docker/certs.d/mirror.corp.example:5000/ca.crt': '-----BEGIN CERTIFICATE-----',
  'etc/containers/policy.json': '{"default":[{"type":"reject"}]}',
}

const DIGEST = `sha256:${'a'.repeat(64)}`

async function distribution(files: Readonly<Record<string, string>>, over: Partial<HostEnvironment> = {}) {
  const { host, path } = await hostFolder(files, over)
  const config = loadHostConfig({ host })
  const conf = await config.registriesConf()
  return {
    path,
    config,
    conf,
    meaning: (name: string): readonly string[] =>
      resolveShortName(name, conf).candidates.map(({ reference }) => formatDockerReference(reference)),
    sources: async (name: string): Promise<readonly string[] | undefined> => {
      const route = await config.registryRoute(parseDockerReference(name))
      return route?.sources.map(({ reference }) => formatDockerReference(reference))
    },
  }
}

describe('Debian', () => {
  it('has aliases, and searches nowhere', async () => {
    const { meaning, sources, config, conf, path } = await distribution(DEBIAN)
    expect(meaning('fedora:40')).toEqual(['registry.fedoraproject.org/fedora:40'])
    expect(meaning('alpine')).toEqual(['docker.io/library/alpine'])
    expect(() => meaning('busybox')).toThrow('no registry is configured to search it in')
    expect(await sources('docker.io/library/alpine:3')).toBeUndefined()
    expect(conf.notes).toEqual([])
    expect(await config.policyFile()).toEqual({ path: path('etc/containers/policy.json'), from: 'search' })
  })
})

describe('Fedora', () => {
  it('searches several registries, and asks', async () => {
    const { meaning, conf } = await distribution(FEDORA)
    expect(meaning('busybox')).toEqual([
      'registry.fedoraproject.org/busybox',
      'registry.access.redhat.com/busybox',
      'docker.io/library/busybox',
    ])
    expect(resolveShortName('busybox', conf).choice).toBe('required')
    expect(conf.additionalLayerStoreAuthHelper?.value).toBe('/usr/libexec/store-helper')
  })

  it('writes signatures in a folder, and reads them in the one of the user', async () => {
    const { config, path } = await distribution(FEDORA)
    const { lookaside, lookasideStaging } = await config.signatureConfig(parseDockerReference('quay.io/a/b:1'))
    expect(lookaside.value).toMatch(/\/home\/me\/\.local\/share\/containers\/sigstore$/)
    expect(lookasideStaging).toMatchObject({
      value: 'file:///var/lib/containers/sigstore',
      namespace: 'default-docker',
    })
    expect(await config.policyFile()).toEqual({ path: path('usr/share/containers/policy.json'), from: 'search' })
  })

  it('lets a user change what the system says', async () => {
    const { meaning, conf } = await distribution({
      ...FEDORA,
      'home/me/.config/containers/registries.conf.d/000-shortnames.conf': '[aliases]\n"fedora" = "my.example/fedora"\n',
      'home/me/.config/containers/registries.conf.d/50.conf': 'short-name-mode = "disabled"\n',
    })
    expect(meaning('fedora')).toEqual(['my.example/fedora'])
    expect(conf.shortNameMode.value).toBe('disabled')
    expect(meaning('fedora-toolbox')[0]).toBe('registry.fedoraproject.org/fedora-toolbox')
  })
})

describe('RHEL with mirrors', () => {
  it('uses a mirror for digests only', async () => {
    const { sources, config } = await distribution(RHEL)
    const release = 'quay.io/openshift-release-dev/ocp-release'
    expect(await sources(`${release}@${DIGEST}`)).toEqual([
      `mirror.corp.example:5000/ocp4/openshift4@${DIGEST}`,
      `${release}@${DIGEST}`,
    ])
    expect(await sources(`${release}:4.16`)).toEqual([`${release}:4.16`])
    const route = await config.registryRoute(parseDockerReference(`${release}@${DIGEST}`))
    expect([route?.sources[0]?.insecure, route?.insecure, route?.blocked]).toEqual([true, false, undefined])
    expect((await config.certificates('mirror.corp.example:5000'))?.ca).toBeDefined()
  })

  it('blocks Docker Hub, and says where', async () => {
    const { config, path } = await distribution(RHEL)
    const route = await config.registryRoute(parseDockerReference('alpine:3'))
    expect(route?.blocked).toBe(
      `docker.io is blocked by ${path('etc/containers/registries.conf.d/99-mirrors.conf')}:10`,
    )
  })

  it('finds signatures by the old name of the key', async () => {
    const { config } = await distribution(RHEL)
    const { lookaside } = await config.signatureConfig(parseDockerReference('registry.redhat.io/ubi9/ubi:9'))
    expect(lookaside.value).toBe('https://registry.redhat.io/containers/sigstore')
  })
})

describe('an old machine', () => {
  it('with version 1 is told what to write', async () => {
    const files = {
      'etc/containers/registries.conf': `[registries.search]
registries = ['docker.io', 'quay.io']

[registries.insecure]
registries = []
`,
    }
    await expect(distribution(files)).rejects.toThrow(
      /registries\.conf:1:1: \[registries\.search\] is version 1 of this format: write unqualified-search-registries/,
    )
  })
})
