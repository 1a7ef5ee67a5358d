// The time, for what is shown in words. It stands still while nobody looks.

class Clock {
	/** Moves every second. */
	now = $state(Date.now());
	/** Moves with the minutes, for what needs no seconds. */
	minute = $state(Date.now());

	/** Runs until the returned function is called. */
	run(): () => void {
		const tick = () => {
			if (document.hidden) return;
			this.now = Date.now();
			if (this.now - this.minute > 15_000 || this.now < this.minute) this.minute = this.now;
		};
		const timer = setInterval(tick, 1000);
		document.addEventListener('visibilitychange', tick);
		return () => {
			clearInterval(timer);
			document.removeEventListener('visibilitychange', tick);
		};
	}
}

export const clock = new Clock();
