// The library's dependency injection needs this polyfill before its first line runs.
import 'reflect-metadata';

export {
	BasicConstraintsExtension,
	ExtendedKeyUsage,
	ExtendedKeyUsageExtension,
	type Extension,
	KeyUsageFlags,
	KeyUsagesExtension,
	Pkcs10CertificateRequest,
	Pkcs10CertificateRequestGenerator,
	PublicKey,
	SubjectAlternativeNameExtension,
	SubjectKeyIdentifierExtension,
	X509Certificate,
	X509CertificateGenerator,
} from '@peculiar/x509';
