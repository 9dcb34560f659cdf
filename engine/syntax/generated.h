// The generated parser, as this folder's own files include it.
//
// Boundary: private to engine/syntax. No header that others include comes here.
#pragma once

#include "ZtpLexer.h"
#include "ZtpParser.h"
