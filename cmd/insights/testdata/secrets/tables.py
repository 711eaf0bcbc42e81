"""Prints every row of every table of an embedded ClickHouse.

    python tables.py LIBCHDB DIRECTORY
"""

import ctypes
import os
import sys

lib = ctypes.CDLL(sys.argv[1])
lib.chdb_connect.restype = ctypes.POINTER(ctypes.c_void_p)
lib.chdb_query.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p]
lib.chdb_query.restype = ctypes.c_void_p
lib.chdb_result_error.argtypes = lib.chdb_result_buffer.argtypes = lib.chdb_result_length.argtypes = [ctypes.c_void_p]
lib.chdb_result_error.restype = ctypes.c_char_p
lib.chdb_result_buffer.restype = ctypes.c_void_p
lib.chdb_result_length.restype = ctypes.c_size_t

arguments = (ctypes.c_char_p * 2)(b"clickhouse", b"--path=" + sys.argv[2].encode())
connection = lib.chdb_connect(2, arguments)
if not connection or not connection[0]:
    sys.exit("the engine does not open " + sys.argv[2])


def query(sql):
    result = lib.chdb_query(connection[0], sql.encode(), b"TSVRaw")
    error = lib.chdb_result_error(result)
    if error:
        sys.exit(sql + ": " + error.decode())
    return ctypes.string_at(lib.chdb_result_buffer(result), lib.chdb_result_length(result))


for name in query("SELECT database || '.' || name FROM system.tables WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')").decode().split():
    sys.stdout.buffer.write(b"-- " + name.encode() + b"\n" + query("SELECT * FROM " + name))

# The engine's threads are at work still: without its destructors, which would end what they use.
sys.stdout.flush()
os._exit(0)
