/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs.h"

#include <pthread.h>
#include <sched.h>

#define MAX_JOBS 256u

static unsigned processors(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : (unsigned)n;
}

unsigned jobs_threads(unsigned jobs)
{
	if (!jobs)
		jobs = processors();
	return jobs < MAX_JOBS ? jobs : MAX_JOBS;
}

void jobs_run(unsigned jobs, void *(*work)(void *ctx), void *ctx)
{
	pthread_t thread[MAX_JOBS];
	unsigned started = 0;

	jobs = jobs_threads(jobs);
	while (started + 1 < jobs &&
	       !pthread_create(&thread[started], NULL, work, ctx))
		started++;
	work(ctx);
	while (started)
		pthread_join(thread[--started], NULL);
}
