/* The C library that packs and unpacks every message: libprotobuf-c 1.4. */
#ifndef INTEGRATIOND_CPROTOBUFC_H
#define INTEGRATIOND_CPROTOBUFC_H

#include <protobuf-c/protobuf-c.h>

#endif
