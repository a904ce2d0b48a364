package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lockstep.coordinator.Directive.ComputeGradient;
import dev.lockstep.coordinator.Directive.Evaluate;
import dev.lockstep.coordinator.Directive.Finish;
import dev.lockstep.coordinator.Directive.Part;
import dev.lockstep.coordinator.Directive.TrainLocally;
import dev.lockstep.random.CounterRandom;
import dev.lockstep.spark.transport.Message.Aborted;
import dev.lockstep.spark.transport.Message.Content;
import dev.lockstep.spark.transport.Message.Contributed;
import dev.lockstep.spark.transport.Message.Evaluated;
import dev.lockstep.spark.transport.Message.Fenced;
import dev.lockstep.spark.transport.Message.Heartbeat;
import dev.lockstep.spark.transport.Message.Join;
import dev.lockstep.spark.transport.Message.Place;
import dev.lockstep.spark.transport.Message.Published;
import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is said arrives as it was said, and what nobody said is refused. */
class MessageTest {
  private static final Place PLACE = new Place(new UUID(-3, 4), 7, 1L << 40);

  static Stream<Content> everything() {
    return Stream.of(
        new Join("00ff".repeat(16)),
        new Heartbeat(77),
        new Contributed(9, 2, -1.5e-300, 3, Long.MAX_VALUE, 7),
        new Evaluated(Long.MAX_VALUE, 63),
        new Fenced(8),
        new Aborted("the disk is full: \u00e9\u4e2d"),
        new Aborted(""),
        new Published(1, new ComputeGradient(4, 390, 1L << 33)),
        new Published(2, new TrainLocally(1, 2, Integer.MAX_VALUE, 1L << 34)),
        new Published(3, new Evaluate(Part.VALIDATION)),
        new Published(3, new Evaluate(Part.TEST)),
        new Published(4, new Finish()));
  }

  @ParameterizedTest
  @MethodSource("everything")
  void aMessageIsReadAsItWasWritten(Content content) {
    Message message = new Message(PLACE, content);

    assertThat(Message.decode(message.encode())).isEqualTo(message);
  }

  @ParameterizedTest
  @MethodSource("everything")
  void aMessageThatIsCutOffOrTooLongIsRefused(Content content) {
    ByteBuffer whole = new Message(PLACE, content).encode();
    ByteBuffer longer =
        ByteBuffer.allocate(Message.BYTES + Message.MOST_TEXT + 1).put(whole.duplicate()).clear();

    for (int length = 0; length < Message.BYTES; length++) {
      ByteBuffer part = whole.duplicate().limit(length);
      assertThatThrownBy(() -> Message.decode(part)).hasMessageContaining("must have 80");
    }
    assertThatThrownBy(() -> Message.decode(longer)).hasMessageContaining("must have 80");
  }

  @Test
  void aMessageOfAnotherVersionSaysWhatToDo() {
    ByteBuffer other = new Message(PLACE, new Join("00".repeat(32))).encode();
    other.put(4, (byte) 9);

    assertThatThrownBy(() -> Message.decode(other))
        .hasMessage(
            "a message has version 9 but must have 2; driver and executors need the same program");
  }

  @Test
  void randomBytesAreNoMessage() {
    CounterRandom random = new CounterRandom(3);
    for (int i = 0; i < 10_000; i++) {
      byte[] bytes = new byte[Message.BYTES];
      for (int b = 0; b < bytes.length; b++) {
        bytes[b] = (byte) random.nextInt(256);
      }
      assertThatThrownBy(() -> Message.decode(ByteBuffer.wrap(bytes)))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
