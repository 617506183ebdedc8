"""The texts of the labelled set of turns, by split, with the places where a speaker may pause.

"/" stands where a phrase ends, "~" after a filler, "^" inside a phrase. A "?" in front of a text means that
it answers a question of the agent's.
"""

from __future__ import annotations

TRAIN = """
What is the weather like / in Berlin ^ tomorrow?
Could you tell me / how long it takes / to get to the ^ airport?
Why do cats / always land on their feet?
How many people live in ^ Portugal?
Is there a good restaurant / near the ^ central station?
Who wrote the book / that the film was based on?
What should I wear ^ to a wedding / in the summer?
So, um, ~ what time does the ^ museum open?
Can you, uh, ~ explain / how a battery works?
Do you know / if the shops are open / on Sunday?
Where did I put ^ my keys?
What's the difference between / a crocodile / and an alligator?
When is the next ^ train to London?
Turn off the light / in the living room.
Set a timer / for twenty five ^ minutes.
Please play some music / that I can ^ work to.
Remind me to call my sister / when I get home.
Add milk, / eggs, / and butter to my ^ shopping list.
Open the window / and close the door.
Tell me a story / about a dragon / who was afraid of ^ fire.
Send a message to Peter / and tell him / that I will be late.
Wake me up ^ at half past six.
Make the music a little ^ louder.
Read me the ^ latest news.
I would like to, um, ~ book a table for ^ two people.
I've been thinking about / learning to play / the piano.
My brother lives in a small village / near the ^ mountains.
Last night I had a strange dream, / and I can't ^ stop thinking about it.
I need to buy a present / for my mother, / because it's her birthday ^ on Friday.
Well, ~ I think that's a very ^ good idea.
The kitchen sink is leaking / and I don't know / what to do.
When I came home, / the door was ^ open.
I'm looking for a recipe / with chicken / and, um, ~ maybe some rice.
It was raining all day, / so we stayed at home / and watched ^ a film.
I want to go ^ to the beach / but I don't have a car.
You know, ~ I really ^ like that song.
If it doesn't rain tomorrow, / we could go for ^ a walk.
My phone number is / five five five / one two three / four five six seven.
The code is / four, / nine, / two, / seven.
My account number is / eight eight one / zero three four / two nine.
It's flight number / three seven ^ two.
?Yes.
?No, thank you.
?Blue, / I think.
?Um, ~ tomorrow morning.
?I would prefer / the second one.
?At about ^ seven o'clock.
?Yes, / but only if it isn't ^ too expensive.
?Well, ~ it depends on / how much time we have.
?My name is ^ Robert.
How far is it / from here to the ^ next petrol station?
What is the highest ^ mountain / in South America?
Why does bread get hard / when it's old, / while biscuits get ^ soft?
Could you please repeat / what you just ^ said?
Do I need a visa / to travel to ^ Canada?
Uh, ~ how do you spell ^ necessary?
What do you think, um, ~ would be a good name / for a dog?
Is it safe to eat eggs / that have been in the fridge / for three ^ weeks?
Which planet is ^ closest to the sun?
How old is ^ the universe?
Have you ever heard / of a game / that is called ^ backgammon?
Are there any trains / after midnight?
What would happen / if the moon ^ disappeared?
Switch on the heating / in the bedroom.
Call the dentist / and ask for an appointment / next ^ Wednesday.
Please translate this sentence ^ into Spanish.
Find me a hotel / in Vienna / that allows ^ dogs.
Cancel my meeting ^ with Susan.
Put a note in my calendar / that the car needs ^ new tires.
Give me three ideas / for dinner, / and, uh, ~ nothing with fish.
Start the washing machine / at ten o'clock.
Stop talking ^ about football.
Write a short poem / about the ^ autumn.
Turn down ^ the volume.
I was going to ask you, um, ~ whether you know ^ a good joke.
We moved into a new apartment / two months ago, / and it's still ^ full of boxes.
Yesterday I tried to bake a cake, / but it didn't ^ rise at all.
My daughter wants to study ^ medicine / in Edinburgh.
I have a headache / because I didn't sleep ^ very well.
So, uh, ~ my computer is making / a strange ^ noise.
The neighbours are having ^ a party / and I can't sleep.
Before we start, / I want to tell you ^ something.
I can't decide / between the red jacket / and the ^ green one.
Although the book was long, / I finished it / in a single ^ weekend.
Like, ~ I don't really ^ understand / how that's possible.
My grandmother told me / that she used to walk / five miles to ^ school.
The package was supposed to arrive ^ on Monday, / but nobody came.
You can reach me at / nine one seven / five five zero / two three eight one.
The number on the card is / six, / zero, / one, / five.
My postcode, um, ~ is / seven eight ^ two zero four.
It's room / one four ^ six.
?No.
?Yes, please.
?On Thursday, / I guess.
?Uh, ~ two adults and ^ one child.
?The one with ^ the window.
?I'd rather / stay at ^ home.
?I don't know, / maybe ^ later.
?Well, ~ I haven't really / thought about it.
?It was ^ in nineteen ninety eight.
"""

HELD_OUT = """
What is the quickest way / to learn a ^ new language?
Could you check / whether my brother has ^ landed yet?
Why do leaves turn red / in the ^ autumn?
How much sugar / should I put in a cake / for eight ^ people?
Is there anything on television tonight / that my children would ^ enjoy?
Who was the first woman / to fly across ^ the Atlantic?
Where can I ^ recycle old batteries?
Er, ~ what was the name of the song / you played ^ yesterday?
Do I have any meetings / before lunch / on ^ Tuesday?
Can plants grow ^ without sunlight?
When does the pharmacy close / on ^ public holidays?
What's the best time / to visit ^ Norway / if I want to see the northern lights?
Would it be cheaper / to fly / or to take the ^ ferry?
Lock the front door / when everybody has ^ gone to bed.
Book a taxi / for a quarter past ^ five.
Please lower the blinds / in the ^ bathroom.
Write down / that I owe Thomas ^ twenty dollars.
Play the album / that came out ^ last week.
Skip this song / and play ^ something quieter.
Put bread, / butter / and, um, ~ some cheese on the list.
Ask Maria / if she can pick up / the ^ parcel.
Start the dishwasher / at ^ ten.
Let me know / when the ^ oven is hot.
Give me a recipe / that takes less than ^ half an hour.
Turn the volume ^ down / while I'm on the phone.
I forgot to water / the flowers / on the ^ balcony.
We were going to move to Spain, / but then ^ my wife got a new job.
My knee hurts / whenever I walk ^ down the stairs.
Somebody left / a red bicycle / in front of our ^ garage.
I'd rather stay at home tonight, / because I'm really ^ tired.
The thing is, ~ nobody told me / about the ^ meeting.
There was a man at the door, / uh, ~ who wanted to read ^ the meter.
After the concert / we walked back along ^ the river.
She asked me / whether I could ^ lend her my car, / so I said yes.
I think my computer / has caught ^ a virus.
Our neighbours are so loud / that we can hardly ^ sleep.
As soon as the rain stops / I will take the dog ^ out.
It took me three hours / to put that shelf ^ together.
The order number is / seven three zero / nine one ^ eight.
His birthday is on the / fourteenth of ^ March.
The password begins with / capital K, / four, / nine.
?Tomorrow / would be ^ fine.
?Hmm, ~ let me think, / maybe the ^ green one.
?Not really.
?I moved here / about two ^ years ago.
?Yes, / my mother's name / is ^ Helen.
?The small one, / please.
?I don't know, / what would you ^ recommend?
?With milk / but without ^ sugar.
"""
