import type { ImageTransport } from '@crossdock/core'
import { storeTransport, type StoreTransportOptions } from '@crossdock/store'
import { aciDiscoveryTransport, type DiscoveryOptions } from '@crossdock/transport-aci-discovery'
import { dirTransport, type DirTransportOptions } from '@crossdock/transport-dir'
import { dockerTransport, type DockerTransportOptions } from '@crossdock/transport-docker'
import { dockerDaemonTransport, type DockerDaemonTransportOptions } from '@crossdock/transport-docker-daemon'
import { httpsTransport, httpTransport, type HttpTransportOptions } from '@crossdock/transport-http'
import { ociDirTransport, type OciDirTransportOptions } from '@crossdock/transport-oci-dir'
import {
  aciTransport,
  type AciTransportOptions,
  type ArchiveTransportOptions,
  dockerArchiveTransport,
  ociArchiveTransport,
  tarballTransport,
  type TarballTransportOptions,
} from '@crossdock/transport-tarball'

/** The options of each built-in transport, under the name of its factory. */
export interface DefaultTransportsOptions {
  readonly aci?: AciTransportOptions | undefined
  /** Of `appc:`, which reads through `https:` and `http:`. */
  readonly aciDiscovery?: DiscoveryOptions | undefined
  readonly docker?: DockerTransportOptions | undefined
  readonly dir?: DirTransportOptions | undefined
  readonly dockerArchive?: ArchiveTransportOptions | undefined
  readonly dockerDaemon?: DockerDaemonTransportOptions | undefined
  /** Of `http:` and `https:`. */
  readonly http?: HttpTransportOptions | undefined
  readonly ociArchive?: ArchiveTransportOptions | undefined
  readonly ociDir?: OciDirTransportOptions | undefined
  readonly store?: StoreTransportOptions | undefined
  readonly tarball?: TarballTransportOptions | undefined
}

/** Every built-in transport, ready for `createTransportRegistry`. */
export function defaultTransports(options: DefaultTransportsOptions = {}): readonly ImageTransport[] {
  const https = httpsTransport(options.http)
  const http = httpTransport(options.http)
  return [
    dockerTransport(options.docker),
    ociDirTransport(options.ociDir),
    dirTransport(options.dir),
    ociArchiveTransport(options.ociArchive),
    dockerArchiveTransport(options.dockerArchive),
    aciTransport(options.aci),
    tarballTransport(options.tarball),
    dockerDaemonTransport(options.dockerDaemon),
    https,
    http,
    aciDiscoveryTransport({
      ...options.aciDiscovery,
      archives: (url, signature) => {
        const transport = url.protocol === 'https:' ? https : http
        const plain = url.href.slice(url.protocol.length)
        return signature === undefined ? transport.parseReference(plain) : transport.signedArchive(url, signature)
      },
    }),
    storeTransport(options.store),
  ]
}
