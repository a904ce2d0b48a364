package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lockstep.coordinator.WireFormat;
import dev.lockstep.random.CounterRandom;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Vectors arrive in whatever pieces the network cuts them into. */
class ReceptionTest {
  @Property
  void piecesAddUpToTheVector(
      @ForAll WireFormat format,
      @ForAll @IntRange(min = 1, max = 60) int length,
      @ForAll long seed) {
    float[] sent = vector(length, seed);
    Received received = Received.of(format, length, bytes(format, sent), seed);

    assertThat(received.objections()).isEmpty();
    assertThat(received.completions()).isEqualTo(1);
    assertThat(received.progress()).isSorted().endsWith(length);
    assertThat(received.vector()).isEqualTo(sent);
  }

  @Property
  void anotherNumberOfBytesIsObjectedToOnceAndNothingIsComplete(
      @ForAll WireFormat format,
      @ForAll @IntRange(min = 1, max = 60) int length,
      @ForAll @IntRange(min = -3, max = 9) int more,
      @ForAll long seed) {
    byte[] bytes = bytes(format, vector(length, seed));
    byte[] other = Arrays.copyOf(bytes, Math.max(0, bytes.length + (more >= 0 ? more + 1 : more)));
    Received received = Received.of(format, length, other, seed);

    assertThat(received.objections()).hasSize(1);
    assertThat(received.objections().get(0)).startsWith("a vector has ");
    assertThat(received.completions()).isZero();
  }

  /** Numbers that both formats hold exactly. */
  private static float[] vector(int length, long seed) {
    CounterRandom random = new CounterRandom(seed);
    float[] vector = new float[length];
    for (int i = 0; i < length; i++) {
      vector[i] = random.nextInt(255) - 127;
    }
    return vector;
  }

  private static byte[] bytes(WireFormat format, float[] vector) {
    int width = format == WireFormat.BFLOAT16 ? 2 : 4;
    ByteBuffer bytes = ByteBuffer.allocate(vector.length * width).order(ByteOrder.LITTLE_ENDIAN);
    for (float each : vector) {
      int bits = Float.floatToRawIntBits(each);
      if (width == 2) {
        bytes.putShort((short) (bits >>> 16));
      } else {
        bytes.putInt(bits);
      }
    }
    return bytes.array();
  }

  private record Received(
      float[] vector, List<String> objections, List<Integer> progress, int completions) {
    static Received of(WireFormat format, int length, byte[] bytes, long seed) {
      float[] vector = new float[length];
      List<String> objections = new ArrayList<>();
      int[] completions = {0};
      List<Integer> progress = new ArrayList<>();
      Reception reception =
          new Reception.OfVector(
              FloatBuffer.wrap(vector),
              format,
              objections::add,
              progress::add,
              () -> completions[0]++);
      CounterRandom random = new CounterRandom(seed + 1);
      for (int at = 0; at < bytes.length; ) {
        int piece = Math.min(bytes.length - at, 1 + random.nextInt(13));
        reception.onData("", ByteBuffer.wrap(bytes, at, piece).slice());
        at += piece;
      }
      reception.onComplete("");
      return new Received(vector, objections, progress, completions[0]);
    }
  }
}
