package dev.lockstep.spark.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Who must leave when too many have come that nobody knows. */
class StrangersTest {
  private static final int MOST = 4;

  private final Refusals refusals = new Refusals();
  private final Set<Channel> known = new HashSet<>();
  private final Strangers strangers = new Strangers(MOST, known::contains, refusals);

  private EmbeddedChannel enter() {
    EmbeddedChannel channel = new EmbeddedChannel();
    strangers.enter(channel);
    return channel;
  }

  private EmbeddedChannel speak() {
    EmbeddedChannel channel = enter();
    strangers.speak(channel);
    return channel;
  }

  private static List<Boolean> open(EmbeddedChannel... channels) {
    return Stream.of(channels)
        .peek(EmbeddedChannel::runPendingTasks)
        .map(EmbeddedChannel::isOpen)
        .toList();
  }

  @Test
  void ofThoseWhoSayNothingTheEarliest() {
    EmbeddedChannel worker = speak();
    EmbeddedChannel early = enter();
    EmbeddedChannel late = enter();
    enter();
    assertThat(open(worker, early, late)).containsExactly(true, true, true);

    enter();

    assertThat(open(worker, early, late)).containsExactly(true, false, true);
    assertThat(refusals.count()).isEqualTo(1);
  }

  @Test
  void ofThoseWhoSaySomethingTheEarliestWhereTheyAreMore() {
    EmbeddedChannel early = speak();
    EmbeddedChannel late = speak();
    speak();
    EmbeddedChannel worker = enter();

    EmbeddedChannel next = enter();

    assertThat(open(early, late, worker, next)).containsExactly(false, true, true, true);
  }

  @Test
  void nobodyWhoseProofIsReadBeforeItIsTurnedAway() {
    EmbeddedChannel worker = speak();
    speak();
    speak();
    enter();
    known.add(worker);

    enter();

    assertThat(open(worker)).containsExactly(true);
    assertThat(strangers.speak(worker)).isFalse();
  }

  @Test
  void nobodyWhileTheOthersHaveGoneOrAreKnown() {
    EmbeddedChannel first = enter();
    for (int i = 0; i < 2 * MOST; i++) {
      EmbeddedChannel other = speak();
      strangers.leave(other);
    }

    assertThat(first.isOpen()).isTrue();
    assertThat(refusals.count()).isZero();
  }
}
