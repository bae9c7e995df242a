# header: root


@step
def system() -> RootFs:
    return debootstrap(root(), suite="trixie", tls_ca_certs=["acme.pem"])  # E: acme.pem is not a certificate
