/** Where sidecars and gateways have their administration, on loopback of their pod. */
export const proxyAdminPort = 15_000;
