package dev.lockstep.spark.transport;

import dev.lockstep.coordinator.WireFormat;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.apache.spark.network.client.StreamCallbackWithID;

/**
 * Takes the bytes that follow a message, piece by piece. More or fewer than are expected are
 * objected to, and what comes after that is dropped. Belongs to the channel's thread.
 */
abstract sealed class Reception implements StreamCallbackWithID {
  private final Consumer<String> objection;
  private boolean objected;

  private Reception(Consumer<String> objection) {
    this.objection = objection;
  }

  /** Copies them into a vector, which they must fill, and says after each piece how far it is. */
  static final class OfVector extends Reception {
    private final FloatBuffer vector;
    private final WireFormat format;
    private final int width;
    private final IntConsumer progress;
    private final Runnable complete;
    private final ByteBuffer split;
    private int filled;

    OfVector(
        FloatBuffer vector,
        WireFormat format,
        Consumer<String> objection,
        IntConsumer progress,
        Runnable complete) {
      super(objection);
      this.vector = vector;
      this.format = format;
      this.width = format == WireFormat.BFLOAT16 ? Bfloat16.BYTES : Float.BYTES;
      this.progress = progress;
      this.complete = complete;
      this.split = ByteBuffer.allocate(width).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    void take(ByteBuffer bytes) {
      if (filled * (long) width + split.position() + bytes.remaining()
          > vector.capacity() * (long) width) {
        object("a vector has more than the %d numbers that it must have", vector.capacity());
        return;
      }
      while (split.position() > 0 && bytes.hasRemaining()) {
        split.put(bytes.get());
        endSplit();
      }
      copy(bytes.order(ByteOrder.LITTLE_ENDIAN), bytes.remaining() / width);
      split.put(bytes);
      progress.accept(filled);
    }

    /** A number whose bytes came in two pieces. */
    private void endSplit() {
      if (!split.hasRemaining()) {
        copy(split.flip(), 1);
        split.clear();
      }
    }

    private void copy(ByteBuffer bytes, int count) {
      if (format == WireFormat.BFLOAT16) {
        Bfloat16.decode(bytes, vector, filled, count);
      } else {
        vector.put(filled, bytes.asFloatBuffer(), 0, count);
        bytes.position(bytes.position() + count * width);
      }
      filled += count;
    }

    @Override
    void end() {
      if (filled < vector.capacity()) {
        object("a vector has %d numbers but must have %d", filled, vector.capacity());
      } else {
        complete.run();
      }
    }
  }

  /** Collects so many bytes, which must be all. */
  static final class OfBytes extends Reception {
    private final ByteBuffer collected;
    private final Consumer<ByteBuffer> complete;

    OfBytes(int length, Consumer<String> objection, Consumer<ByteBuffer> complete) {
      super(objection);
      this.collected = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
      this.complete = complete;
    }

    @Override
    void take(ByteBuffer bytes) {
      if (bytes.remaining() > collected.remaining()) {
        object("an evaluation has more than the %d bytes that it must have", collected.capacity());
      } else {
        collected.put(bytes);
      }
    }

    @Override
    void end() {
      if (collected.hasRemaining()) {
        object(
            "an evaluation has %d bytes but must have %d",
            collected.position(), collected.capacity());
      } else {
        complete.accept(collected.flip());
      }
    }
  }

  /** Lets them pass. */
  static final class OfNothing extends Reception {
    OfNothing() {
      super(objection -> {});
    }

    @Override
    void take(ByteBuffer bytes) {}

    @Override
    void end() {}
  }

  abstract void take(ByteBuffer bytes);

  abstract void end();

  final void object(String message, Object... values) {
    objected = true;
    objection.accept(message.formatted(values));
  }

  @Override
  public final String getID() {
    return "lockstep";
  }

  @Override
  public final void onData(String id, ByteBuffer bytes) {
    if (!objected) {
      take(bytes);
    }
  }

  @Override
  public final void onComplete(String id) {
    if (!objected) {
      end();
    }
  }

  @Override
  public final void onFailure(String id, Throwable cause) {
    // The connection has ended, and whoever waits for the bytes learns it from there.
  }
}
