package dev.lockstep.spark.storage;

/**
 * A file as its directory lists it.
 *
 * @param name its name in the directory
 * @param length in bytes
 * @param modified when its content last changed, in milliseconds since 1970 (UTC)
 */
public record StoredFile(String name, long length, long modified) {}
