package dev.lockstep.report;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.nd4j.shade.protobuf.CodedOutputStream;

/** A protobuf message that is written field by field, without a compiled schema. */
final class ProtoMessage {
  private interface Field {
    void writeTo(CodedOutputStream out) throws IOException;
  }

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final CodedOutputStream out = CodedOutputStream.newInstance(bytes);

  ProtoMessage put(int field, double value) {
    return put(coded -> coded.writeDouble(field, value));
  }

  ProtoMessage put(int field, float value) {
    return put(coded -> coded.writeFloat(field, value));
  }

  ProtoMessage put(int field, long value) {
    return put(coded -> coded.writeInt64(field, value));
  }

  ProtoMessage put(int field, boolean value) {
    return put(coded -> coded.writeBool(field, value));
  }

  ProtoMessage put(int field, String value) {
    return put(coded -> coded.writeString(field, value));
  }

  ProtoMessage put(int field, ProtoMessage value) {
    return put(coded -> coded.writeByteArray(field, value.toBytes()));
  }

  private ProtoMessage put(Field field) {
    try {
      field.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException("memory takes bytes", e);
    }
    return this;
  }

  byte[] toBytes() {
    put(CodedOutputStream::flush);
    return bytes.toByteArray();
  }
}
