// The transports
export { httpsTransport, httpTransport } from './transport.ts'
export type { UrlReference, UrlTransport } from './transport.ts'
export type { ArchiveSelection, UrlLocation, UrlScheme } from './reference.ts'
export type { CredentialsLookup, HttpCredentials, HttpTransportOptions } from './options.ts'
export type { Certificates, CertificatesLookup, CredentialsLookupOptions } from '@crossdock/http'
export { httpPlugin, httpsPlugin } from './plugin.ts'

// What they are composed of
export { createHttpOperations } from './client/http-operations.ts'
export type { GetOptions, HttpOperations, HttpOperationsOptions } from './client/http-operations.ts'
export { createDownloader } from './client/downloader.ts'
export type { Downloader, DownloaderOptions, DownloadOutcome, DownloadRequest } from './client/downloader.ts'
export { createDefaultSession, createResumableSession } from './client/download-session.ts'
export type { DownloadSession, SessionPlace } from './client/download-session.ts'
export type { PartHead } from './client/part-head.ts'
export type { Validators } from './client/validators.ts'
export type { CachePolicy } from './client/freshness.ts'

// What is known of downloads
export { fileRecords } from './client/records.ts'
export type { HttpRecord, HttpRecords } from './client/records.ts'

// Detached signatures
export { fetchSigned, localSignature, remoteSignature, signatureUrl } from './client/signatures.ts'
export type { SignatureFetcher, SignatureOutcome, SignedFetch } from './client/signatures.ts'
