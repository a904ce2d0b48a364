package dev.lockstep.spark.storage;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Arrays;

/**
 * The manifest of a checkpoint: what its files are, and its own SHA-256 as the last of its keys, so
 * that no byte of it can change unseen.
 */
final class Seal {
  /** The name of its file. */
  static final String NAME = "manifest.json";

  /** The most bytes that it may have. */
  static final int MOST_BYTES = 1 << 20;

  private static final JsonMapper JSON = new JsonMapper();
  private static final String PARTS = "files";
  private static final String OWN = "sha256";

  private final ObjectNode content;

  /** A manifest that says {@code about}, and names no files yet. */
  Seal(ObjectNode about) {
    this.content = about.deepCopy();
    this.content.putArray(PARTS);
  }

  /** Names a file. */
  void add(String part, Digest digest) {
    content
        .withArray(PARTS)
        .addObject()
        .put("name", part)
        .put("bytes", digest.bytes())
        .put("sha256", digest.sha256());
  }

  /** What {@link #read} reads. */
  byte[] toBytes() {
    return sealed(content);
  }

  private static byte[] sealed(ObjectNode content) {
    try {
      ObjectNode sealed = content.deepCopy();
      sealed.put(OWN, Digest.of(JSON.writeValueAsBytes(content)));
      return JSON.writeValueAsBytes(sealed);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Reads a manifest.
   *
   * @param where what errors call it
   * @throws DamagedException if a byte of it is another than when it was written
   */
  static ObjectNode read(String where, byte[] bytes) throws DamagedException {
    if (parsed(bytes) instanceof ObjectNode content) {
      content.remove(OWN);
      if (Arrays.equals(sealed(content), bytes)) {
        return content;
      }
    }
    throw new DamagedException(where + " has not the content that it was written with");
  }

  private static JsonNode parsed(byte[] bytes) {
    try {
      return JSON.readTree(bytes);
    } catch (IOException | IllegalArgumentException e) {
      return null;
    }
  }

  /** The entry of {@code content} for the file {@code part}; missing if it names no such file. */
  static JsonNode part(ObjectNode content, String part) {
    for (JsonNode each : content.path(PARTS)) {
      if (each.path("name").asText().equals(part)) {
        return each;
      }
    }
    return content.path(PARTS).path(-1);
  }
}
