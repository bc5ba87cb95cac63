// The transport
export { aciDiscoveryTransport } from './transport.ts'
export type { AciDiscoveryTransport, AppReference } from './transport.ts'
export type { AciDiscoveryTransportOptions, CredentialsLookup, DiscoveryOptions } from './options.ts'
export type { Certificates, CertificatesLookup, CredentialsLookupOptions } from '@crossdock/http'

// Where names lead
export { createAciDiscovery } from './discovery.ts'
export type { AciDiscovery } from './discovery.ts'
export type { DiscoverOptions, DiscoveryPage, DiscoveryResult, Endpoint } from './client/discover.ts'
export type { FetchedPage, PageProblem } from './client/fetch-page.ts'
export type { DiscoveryTag } from './client/meta-tags.ts'
export { nothingFound } from './nothing-found.ts'
